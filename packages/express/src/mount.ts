import { answer, checkEndpoint, type Endpoint, fromNodeRequest } from "@halyard/server/adapter";
import type { RequestHandler } from "express";
import { send } from "./send.ts";

/** Serves an endpoint below a path: `app.use("/flags/health", mount(healthEndpoint(f)))`. */
export function mount(endpoint: Endpoint): RequestHandler {
  checkEndpoint(endpoint, 'app.use("/flags/health", mount(healthEndpoint(f)))');
  return function halyardEndpoint(request, response, next) {
    const parsedBody: unknown = request.body;
    const neutral = fromNodeRequest(request, { url: request.url, parsedBody });
    answer(endpoint, neutral)
      .then((answered) => send(response, answered, next))
      .catch(next);
  };
}
