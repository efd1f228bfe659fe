import { answer, type Endpoint, fromNodeRequest } from "@halyard/server/adapter";
import type { RequestHandler } from "express";

/** Serves an endpoint below a path: `app.use("/flags/health", mount(healthEndpoint(f)))`. */
export function mount(endpoint: Endpoint): RequestHandler {
  return function halyardEndpoint(request, response, next) {
    const parsedBody: unknown = request.body;
    // The application's error handling logs it; the caller gets no details from us.
    let failure: unknown;
    const neutral = fromNodeRequest(request, { url: request.url, parsedBody });
    answer(endpoint, neutral, (error) => {
      failure = error;
    }).then(({ status, headers, body }) => {
      if (failure !== undefined) return next(failure);
      response.status(status);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(request.method === "HEAD" ? undefined : body);
    }, next);
  };
}
