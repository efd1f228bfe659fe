import { headerOf, type RequestReader } from "@halyard/server/adapter";
import type { Request } from "express";

/** What sessions and authentication middleware put on a request, under their usual names. */
interface UsualProperties {
  readonly user?: unknown;
  readonly sessionID?: unknown;
  readonly session?: { readonly id?: unknown } | null;
}

export const reader: RequestReader<Request> = {
  ip: (request) => request.ip,
  method: (request) => request.method,
  // The whole path, also inside a router that is mounted below one.
  path: (request) => request.originalUrl.split("?", 1)[0],
  place: ({ method, baseUrl, route }) => ({
    method,
    // What `use` mounted has no route, only a place.
    pattern: (route as { readonly path?: unknown } | undefined)?.path,
    mounted: baseUrl !== "",
  }),
  url: (request) => request.originalUrl,
  host: (request) => request.hostname,
  header: headerOf,
  user: (request) => (request as UsualProperties).user,
  sessionId: (request) => {
    const { sessionID, session } = request as UsualProperties;
    const id = sessionID ?? session?.id;
    return typeof id === "string" ? id : undefined;
  },
  secure: (request) => request.secure,
  setCookie: ({ res }, cookie) => {
    if (res === undefined || res.headersSent) return false;
    res.appendHeader("set-cookie", cookie);
    return true;
  },
  response: ({ res }) => res,
  // Also of a function: whether it believes an address that nobody knows, many hops away.
  trustsAnyProxy: (request) => {
    const trusts: unknown = request.app.get("trust proxy fn");
    return typeof trusts === "function" && trusts("203.0.113.7", 100) === true;
  },
};
