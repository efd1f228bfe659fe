import { headerOf, type RequestReader } from "@halyard/server/adapter";
import type { Context } from "koa";

/** What sessions put on a context, under their usual names. */
interface UsualProperties {
  readonly sessionId?: unknown;
  readonly session?: { readonly id?: unknown } | null;
}

export const reader: RequestReader<Context> = {
  ip: (context) => context.ip,
  method: (context) => context.method,
  // The whole path, also inside an application that is mounted below one.
  path: (context) => context.originalUrl.split("?", 1)[0],
  place: (context) => ({
    method: context.method,
    // What routers tell about the route that matched.
    pattern: (context as { readonly _matchedRoute?: unknown })._matchedRoute,
    mounted: false,
  }),
  url: (context) => context.originalUrl,
  host: (context) => context.hostname,
  header: (context, name) => headerOf(context.req, name),
  user: (context) => (context.state as { readonly user?: unknown }).user,
  sessionId: (context) => {
    const { sessionId, session } = context as UsualProperties;
    const id = sessionId ?? session?.id;
    return typeof id === "string" ? id : undefined;
  },
  secure: (context) => context.secure,
  setCookie: (context, cookie) => {
    if (context.headerSent) return false;
    context.append("set-cookie", cookie);
    return true;
  },
  response: (context) => context.res,
  // With a limit on the proxies that count, the address is not the caller's to choose.
  trustsAnyProxy: ({ app }) => app.proxy === true && app.maxIpsCount === 0,
};
