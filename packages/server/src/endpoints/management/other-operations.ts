import type { AuditFilter } from "@halyard/core";
import { json } from "../endpoint.ts";
import { auditForm, pageAnswer, timeForm } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { CURSOR, LIMIT, NAME, ref, TEXT, TIME } from "./schemas.ts";

export const otherOperations: readonly Operation[] = [
  {
    id: "listAudit",
    method: "GET",
    path: "/audit",
    summary: "What was written, by whom and why, newest first",
    action: "view",
    resources: () => [{ kind: "audit" }],
    query: {
      what: { type: "string", enum: ["flag", "segment", "override", "group", "proposal"] },
      key: NAME,
      scope: { ...TEXT, maxLength: 5000 },
      action: { type: "string", enum: ["created", "updated", "removed", "expired"] },
      actor: { ...NAME, description: "The actor's `id`." },
      from: { ...TIME, description: "Inclusive." },
      to: { ...TIME, description: "Exclusive." },
      limit: LIMIT,
      cursor: CURSOR,
    },
    answers: { 200: { description: "A page of the audit", schema: ref("Audit") } },
    handle: async ({ f, query: { from, to, ...query } }) => {
      const filter = {
        ...query,
        from: from === undefined ? undefined : Date.parse(String(from)),
        to: to === undefined ? undefined : Date.parse(String(to)),
      } as AuditFilter;
      return pageAnswer(await f.audit.list(filter), auditForm);
    },
  },
  {
    id: "listGuards",
    method: "GET",
    path: "/guards",
    summary: "Which routes are guarded by which flags",
    action: "view",
    resources: () => [{ kind: "guards" }],
    answers: { 200: { description: "The routes", schema: ref("Guards") } },
    handle: ({ f }) => {
      const items = f.guards().map(({ lastSeen, ...route }) => ({
        ...route,
        lastSeen: lastSeen === undefined ? undefined : timeForm(lastSeen),
      }));
      return json(200, { items });
    },
  },
  {
    id: "getHealth",
    method: "GET",
    path: "/health",
    summary: "How the flags of this process are",
    action: "view",
    resources: () => [{ kind: "health" }],
    answers: {
      200: { description: "Flags are served", schema: ref("Health") },
      503: { description: "There are no definitions yet", schema: ref("Health") },
    },
    handle: ({ f }) => {
      const health = f.health();
      return json(health.status === "unhealthy" ? 503 : 200, health);
    },
  },
];
