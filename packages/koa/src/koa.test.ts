import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AdapterHarness,
  type Answer,
  type AppDescription,
  adapterSuite,
  answerToError,
  type Handler,
  type RunningApp,
} from "@halyard/testing/adapter";
import Router, { type RouterMiddleware } from "@koa/router";
import Koa, { type Context, type Middleware } from "koa";
import { describe, it } from "vitest";
import { tracing } from "../../../test/support/tracing.ts";
import { byVariant, type FlagClient, flags, mount, requireFeature } from "./index.ts";

function respond(context: Context, { status = 200, headers = {}, json }: Answer): void {
  context.status = status;
  context.set({ ...headers });
  context.body = json;
}

function adapt(handler: Handler, property = "flags"): Middleware {
  return async (context) => {
    const client = context[property] as FlagClient;
    const { body } = context.request as { readonly body?: unknown };
    respond(context, await handler({ flags: client, body }));
  };
}

const UNANSWERED: Readonly<Record<"ends" | "goes on", Middleware>> = {
  ends: async () => {},
  "goes on": (_context, next) => next(),
};

const answerErrors: Middleware = async (context, next) => {
  try {
    await next();
  } catch (error) {
    respond(context, answerToError(error));
  }
};

/** What the usual body parsers do, for JSON. */
const parser: Middleware = async (context, next) => {
  if (context.is("json") === "json") {
    const chunks: Buffer[] = [];
    for await (const chunk of context.req) chunks.push(chunk as Buffer);
    Object.assign(context.request, { body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
  }
  await next();
};

function build(app: Koa, description: AppDescription): RunningApp["instance"] {
  const { property, authentication, session, bodyParser, header } = description;
  if (description.errors !== "framework") app.use(answerErrors);
  if (header !== undefined) {
    app.use((context, next) => {
      context.set(...header);
      return next();
    });
  }
  if (session !== undefined) {
    app.use((context, next) => {
      Object.assign(context, { sessionId: session(context.headers) });
      return next();
    });
  }
  const authenticate: Middleware = (context, next) => {
    context.state.user = authentication?.user(context.headers);
    return next();
  };
  if (authentication?.at === "before") app.use(authenticate);
  if (bodyParser === "before") app.use(parser);
  const middleware = description.flags && flags(description.flags);
  if (middleware) app.use(middleware);
  if (description.more !== undefined) app.use(flags(description.more));
  if (authentication?.at === "after") app.use(authenticate);
  if (bodyParser === "after") app.use(parser);
  if (description.misuse === "flags") app.use(flags as unknown as Middleware);
  if (description.misuse === "requireFeature") app.use(requireFeature as unknown as Middleware);
  for (const { path, endpoint } of description.mounts ?? []) app.use(mount(path, endpoint));
  const router = new Router();
  for (const { method = "get", path, guards = [], choice, handler } of description.routes ?? []) {
    const handlers = guards.map(
      ({ requirement, options: { onDisabled, ...options } = {}, unanswered }) =>
        requireFeature(requirement, {
          ...options,
          onDisabled: unanswered
            ? UNANSWERED[unanswered]
            : onDisabled && adapt(onDisabled, property),
        }),
    );
    if (choice !== undefined) {
      const { key, fallback, options } = choice;
      const adapted = Object.entries(choice.handlers).map(
        ([variant, one]) => [variant, adapt(one, property)] as const,
      );
      const other = fallback && adapt(fallback, property);
      handlers.push(byVariant(key, Object.fromEntries(adapted), other, options));
    }
    if (handler !== undefined) handlers.push(adapt(handler, property));
    router[method](path, ...(handlers as RouterMiddleware[]));
  }
  app.use(router.routes() as Middleware);
  return middleware?.instance;
}

const harness: AdapterHarness = {
  name: "Koa 3",
  differences: {},
  start: async (description) => {
    const { trustProxy } = description;
    // Koa knows no addresses, only how many proxies there are.
    const app = new Koa({
      proxy: trustProxy !== undefined,
      maxIpsCount: trustProxy === "loopback" ? 1 : 0,
    });
    app.silent = true;
    const instance = build(app, description);
    const server = createServer(app.callback());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      server,
      instance,
      close: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};

adapterSuite(harness, { describe, it, tracing });
