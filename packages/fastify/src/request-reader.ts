import { headerOf, type RequestReader } from "@halyard/server/adapter";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What sessions and authentication plugins put on a request, under their usual names. */
interface UsualProperties {
  readonly user?: unknown;
  readonly session?: { readonly sessionId?: unknown } | null;
}

/** Where the plugin keeps the reply of a request, when headers may have to be set. */
export const REPLY: unique symbol = Symbol("halyard.reply");

export const reader: RequestReader<FastifyRequest> = {
  ip: (request) => request.ip,
  method: (request) => request.method,
  path: (request) => request.originalUrl.split("?", 1)[0],
  place: ({ method, routeOptions }) => ({ method, pattern: routeOptions.url, mounted: false }),
  url: (request) => request.originalUrl,
  host: (request) => request.hostname,
  header: (request, name) => headerOf(request, name),
  user: (request) => (request as UsualProperties).user,
  sessionId: (request) => {
    const id = (request as UsualProperties).session?.sessionId;
    return typeof id === "string" ? id : undefined;
  },
  secure: (request) => request.protocol === "https",
  setCookie: (request, cookie) => {
    const reply = replyOf(request);
    if (reply === undefined || reply.sent) return false;
    reply.header("set-cookie", cookie);
    return true;
  },
  response: (request) => replyOf(request)?.raw,
  trustsAnyProxy: (request) => {
    const known = permissive.get(request.server);
    if (known !== undefined) return known;
    const found = believesAnybody(request);
    permissive.set(request.server, found);
    return found;
  },
};

/** `undefined` before the plugin's own hook: hooks of others may read flags already. */
function replyOf(request: FastifyRequest): FastifyReply | undefined {
  return (request as { readonly [REPLY]?: FastifyReply | null })[REPLY] ?? undefined;
}

const permissive = new WeakMap<object, boolean>();

/** More hops than any list of proxies has; reserved for documentation, so nobody's proxies. */
const FORWARDED = Array.from({ length: 100 }, (_, hop) => `198.51.100.${hop + 1}`);

/** Fastify tells nobody how `trustProxy` is set, so it is asked about a request that it never got. */
function believesAnybody(request: FastifyRequest): boolean {
  const raw = {
    headers: { "x-forwarded-for": FORWARDED.join(", ") },
    socket: { remoteAddress: "203.0.113.7" },
  };
  const probe: FastifyRequest = Object.create(request, { raw: { value: raw } });
  return probe.ip === FORWARDED[0];
}
