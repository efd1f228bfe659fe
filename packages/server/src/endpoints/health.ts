import { HalyardError } from "@halyard/core";
import { BOOLEAN, checkFields, type FieldRule, isText } from "../check-fields.ts";
import type { Flags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import type { Health } from "../instance/health.ts";
import { type Endpoint, type HttpResponse, json, methodNotAllowed, notFound } from "./endpoint.ts";

export interface HealthEndpointOptions {
  /**
   * Whether `last_error` is the whole message, with names of flags and paths of files. Default
   * false: its code. Only where strangers can't ask.
   */
  readonly details?: boolean | undefined;
  /** Path, below the mount point, that tells whether the process answers at all. Default `/live`. */
  readonly livePath?: string | undefined;
  /** Path, below the mount point, that tells whether requests should be sent here. Default `/ready`. */
  readonly readyPath?: string | undefined;
}

const PATH: FieldRule = {
  expected: 'a path below the mount point that begins with "/", other than "/"',
  accepts: (value) => isText(value) && value.startsWith("/") && value !== "/",
};

/**
 * Answers `GET /` with the instance's health: 200 while flags are served, 503 while there are none.
 * `GET /live` is 200 whatever the health: to start the process anew would mend no source.
 * `GET /ready` is 503 until the start is over and flags are served, and once the instance is closed.
 */
export function healthEndpoint(flags: Flags, options: HealthEndpointOptions = {}): Endpoint {
  if (typeof (flags as Flags | null | undefined)?.health !== "function") {
    throw new HalyardError(
      "INVALID_OPTIONS",
      "healthEndpoint takes an instance: healthEndpoint(f)",
    );
  }
  checkFields<HealthEndpointOptions>("", options, {
    details: BOOLEAN,
    livePath: PATH,
    readyPath: PATH,
  });
  const { details = false, livePath = "/live", readyPath = "/ready" } = options;
  const answers = new Map<string, () => HttpResponse>([
    ["/", () => healthAnswer(flags.health(), details)],
    [livePath, () => json(200, { status: "alive" })],
    [readyPath, () => readyAnswer(flags)],
  ]);
  return {
    name: "health",
    handle: ({ method, path }) => {
      const answer = answers.get(path);
      if (answer === undefined) return notFound();
      if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET", "HEAD"]);
      return answer();
    },
  };
}

function healthAnswer(health: Health, details: boolean): HttpResponse {
  const status = health.status === "unhealthy" ? 503 : 200;
  return json(status, details ? health : withoutTexts(health));
}

function readyAnswer(flags: Flags): HttpResponse {
  const { starting, closed } = flags as Partial<FlagsInstance>;
  const ready = starting === undefined && closed !== true && flags.health().status !== "unhealthy";
  return ready ? json(200, { status: "ready" }) : json(503, { status: "not ready" });
}

function withoutTexts(health: Health): unknown {
  const { last_error, last_error_code, ...provider } = health.provider;
  return {
    ...health,
    provider: last_error === undefined ? provider : { ...provider, last_error: last_error_code },
  };
}
