import type { Readable } from "node:stream";
import {
  answer,
  checkEndpoint,
  type Endpoint,
  endInTime,
  fromNodeRequest,
  pathAndQuery,
} from "@halyard/server/adapter";
import type { FastifyPluginCallback, FastifyReply } from "fastify";

/** Serves an endpoint below a prefix: `app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" })`. */
export function mount(endpoint: Endpoint): FastifyPluginCallback {
  checkEndpoint(endpoint, 'app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" })');
  return (app, _options, done) => {
    // Endpoints read their bodies themselves, with their own limits.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    const streams = new Set<Readable>();
    // Else a stream would keep the server from closing.
    app.addHook("preClose", (done) => {
      for (const stream of streams) stream.destroy();
      done();
    });
    const depth = app.prefix.split("/").filter((segment) => segment !== "").length;
    for (const path of ["/", "/*"]) {
      app.all(path, async (request, reply) => {
        const neutral = fromNodeRequest(request.raw, {
          url: below(request.url, depth),
          parsedBody: request.body,
          original: request,
        });
        const { status, headers, body } = await answer(endpoint, neutral);
        reply.code(status).headers(withVary(reply, headers));
        if (typeof body === "string") return reply.send(body);
        streams.add(body);
        body.once("close", () => streams.delete(body));
        endInTime(body, reply.raw);
        return reply.send(body);
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

/** With what the application has said of its own. */
function withVary(
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const own = reply.getHeader("vary");
  if (own === undefined || headers.vary === undefined) return headers;
  return { ...headers, vary: `${own}, ${headers.vary}` };
}
