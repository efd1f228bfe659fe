import {
  answer,
  checkEndpoint,
  type Endpoint,
  fromNodeRequest,
  pathAndQuery,
} from "@halyard/server/adapter";
import type { FastifyPluginCallback } from "fastify";

/** Serves an endpoint below a prefix: `app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" })`. */
export function mount(endpoint: Endpoint): FastifyPluginCallback {
  checkEndpoint(endpoint, 'app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" })');
  return (app, _options, done) => {
    // Endpoints read their bodies themselves, with their own limits.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    const depth = app.prefix.split("/").filter((segment) => segment !== "").length;
    for (const path of ["/", "/*"]) {
      app.all(path, async (request, reply) => {
        const neutral = fromNodeRequest(request.raw, {
          url: below(request.url, depth),
          parsedBody: request.body,
          original: request,
        });
        const { status, headers, body } = await answer(endpoint, neutral);
        return reply.code(status).headers(headers).send(body);
      });
    }
    done();
  };
}

/** A target without its first segments: a prefix may have parameters, so its text can't be cut off. */
function below(target: string, depth: number): string {
  const [path, query] = pathAndQuery(target);
  const rest = path
    .split("/")
    .slice(depth + 1)
    .join("/");
  return `/${rest}?${query}`;
}
