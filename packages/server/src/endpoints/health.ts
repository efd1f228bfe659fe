import { HalyardError } from "@halyard/core";
import { BOOLEAN, checkFields } from "../check-fields.ts";
import type { Flags } from "../create-flags.ts";
import type { Health } from "../instance/health.ts";
import { type Endpoint, json, methodNotAllowed, notFound } from "./endpoint.ts";

export interface HealthEndpointOptions {
  /**
   * Whether `last_error` is the whole message, with names of flags and paths of files. Default
   * false: its code. Only where strangers can't ask.
   */
  readonly details?: boolean | undefined;
}

/** Answers `GET /` with the instance's health: 200 while flags are served, 503 while there are none. */
export function healthEndpoint(flags: Flags, options: HealthEndpointOptions = {}): Endpoint {
  if (typeof (flags as Flags | null | undefined)?.health !== "function") {
    throw new HalyardError(
      "INVALID_OPTIONS",
      "healthEndpoint takes an instance: healthEndpoint(f)",
    );
  }
  checkFields<HealthEndpointOptions>("", options, { details: BOOLEAN });
  return {
    name: "health",
    handle: ({ method, path }) => {
      if (path !== "/") return notFound();
      if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET", "HEAD"]);
      const health = flags.health();
      const status = health.status === "unhealthy" ? 503 : 200;
      return json(status, options.details === true ? health : withoutTexts(health));
    },
  };
}

function withoutTexts(health: Health): unknown {
  const { last_error, last_error_code, ...provider } = health.provider;
  return {
    ...health,
    provider: last_error === undefined ? provider : { ...provider, last_error: last_error_code },
  };
}
