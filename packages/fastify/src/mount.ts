import { answer, type Endpoint, fromNodeRequest } from "@halyard/server/adapter";
import type { FastifyPluginCallback } from "fastify";

/** Serves an endpoint below a prefix: `app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" })`. */
export function mount(endpoint: Endpoint): FastifyPluginCallback {
  return (app, _options, done) => {
    // Endpoints read their bodies themselves, with their own limits.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    for (const path of ["/", "/*"]) {
      app.all(path, async (request, reply) => {
        const url = request.url.slice(app.prefix.length);
        let failure: unknown;
        const neutral = fromNodeRequest(request.raw, { url, parsedBody: request.body });
        const { status, headers, body } = await answer(endpoint, neutral, (error) => {
          failure = error;
        });
        // The application's error handling logs it; the caller gets no details from us.
        if (failure !== undefined) throw failure;
        return reply.code(status).headers(headers).send(body);
      });
    }
    done();
  };
}
