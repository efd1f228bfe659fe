import type { Flags } from "../create-flags.ts";
import { type Endpoint, json, methodNotAllowed, notFound } from "./endpoint.ts";

/** Answers `GET /` with the instance's health: 200 while flags are served, 503 while there are none. */
export function healthEndpoint(flags: Flags): Endpoint {
  return {
    name: "health",
    handle: ({ method, path }) => {
      if (path !== "/") return notFound();
      if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET", "HEAD"]);
      const health = flags.health();
      return json(health.status === "unhealthy" ? 503 : 200, health);
    },
  };
}
