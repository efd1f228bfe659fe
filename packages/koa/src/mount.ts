import { answer, type Endpoint, fromNodeRequest } from "@halyard/server/adapter";
import type { Middleware } from "koa";

/** Serves an endpoint below a path: `app.use(mount("/flags/health", healthEndpoint(f)))`. */
export function mount(path: string, endpoint: Endpoint): Middleware {
  const prefix = path.endsWith("/") ? path.slice(0, -1) : path;
  return async function halyardEndpoint(context, next): Promise<void> {
    if (context.path !== prefix && !context.path.startsWith(`${prefix}/`)) return next();
    const parsedBody: unknown = (context.request as { readonly body?: unknown }).body;
    const neutral = fromNodeRequest(context.req, {
      url: context.url.slice(prefix.length),
      parsedBody,
    });
    let failure: unknown;
    const { status, headers, body } = await answer(endpoint, neutral, (error) => {
      failure = error;
    });
    // The application's error handling logs it; the caller gets no details from us.
    if (failure !== undefined) throw failure;
    context.status = status;
    context.set({ ...headers });
    context.body = body;
  };
}
