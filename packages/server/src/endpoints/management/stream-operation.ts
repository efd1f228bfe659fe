import type { AuditSubject } from "@halyard/core";
import { closed } from "../../instance/refusals.ts";
import type { ChangeStreams } from "./change-streams.ts";
import type { Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";

const KINDS: readonly AuditSubject[] = ["flag", "segment", "override", "group"];

/** Tells of changes as they happen. What it names is no more than what can be listed. */
export function streamOperation(streams: ChangeStreams): Operation {
  return {
    id: "streamChanges",
    method: "GET",
    path: "/events",
    summary: "What changes, in whatever process, as server-sent events",
    action: "view",
    resources: ({ query }) => [...kindsOf(query.what)].map((kind) => ({ kind })),
    ownSiteOnly: true,
    query: {
      what: {
        type: "string",
        maxLength: 100,
        pattern: `^(${KINDS.join("|")})(,(${KINDS.join("|")}))*$`,
        description: `Kinds of things, with commas between: ${KINDS.join(", ")}. Absent: all.`,
      },
    },
    conditions: ["Last-Event-ID"],
    answers: {
      200: {
        description:
          "A stream of the events `change` (what changed) and `resync` (read all of it anew)",
        type: "text/event-stream",
        schema: { type: "string" },
      },
    },
    handle: ({ f, request, query }) => {
      if (f.closed) throw closed();
      const body = streams.open(request.header("last-event-id"), kindsOf(query.what));
      if (body === undefined) throw full();
      return {
        status: 200,
        headers: {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-cache, no-store, no-transform",
          "x-accel-buffering": "no",
          "x-content-type-options": "nosniff",
        },
        body,
      };
    },
  };
}

function kindsOf(what: unknown): ReadonlySet<AuditSubject> {
  return new Set(what === undefined ? KINDS : (String(what).split(",") as AuditSubject[]));
}

function full(): RequestProblem {
  // Not all at the same time.
  const seconds = 5 + Math.floor(Math.random() * 10);
  return new RequestProblem("TOO_MANY_STREAMS", "Too many clients listen already.", {
    headers: { "retry-after": String(seconds) },
  });
}
