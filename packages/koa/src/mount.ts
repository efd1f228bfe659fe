import { HalyardError } from "@halyard/server";
import { answer, checkEndpoint, type Endpoint, fromNodeRequest } from "@halyard/server/adapter";
import type { Middleware } from "koa";
import { send } from "./send.ts";

const EXAMPLE = 'app.use(mount("/flags/health", healthEndpoint(f)))';

/** Serves an endpoint below a path: `app.use(mount("/flags/health", healthEndpoint(f)))`. */
export function mount(path: string, endpoint: Endpoint): Middleware {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new HalyardError("INVALID_OPTIONS", `mount takes a path that begins with /: ${EXAMPLE}`);
  }
  checkEndpoint(endpoint, EXAMPLE);
  const prefix = path.replace(/\/+$/, "");
  return async function halyardEndpoint(context, next): Promise<void> {
    if (context.path !== prefix && !context.path.startsWith(`${prefix}/`)) return next();
    const parsedBody: unknown = (context.request as { readonly body?: unknown }).body;
    const url = context.path.slice(prefix.length) + context.search;
    const neutral = fromNodeRequest(context.req, { url, parsedBody, original: context });
    send(context, await answer(endpoint, neutral));
  };
}
