import type { AddressInfo } from "node:net";
import {
  type AdapterHarness,
  type Answer,
  type AppDescription,
  adapterSuite,
  answerToError,
  type Handler,
} from "@halyard/testing/adapter";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type preHandlerAsyncHookHandler,
  type preHandlerHookHandler,
  type RouteHandlerMethod,
} from "fastify";
import { describe, it } from "vitest";
import { tracing } from "../../../test/support/tracing.ts";
import { byVariant, type FlagClient, flags, mount, requireFeature } from "./index.ts";

function respond(reply: FastifyReply, { status = 200, headers = {}, json }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(json);
}

function adapt(handler: Handler, property = "flags"): RouteHandlerMethod {
  return async (request, reply) => {
    const client = (request as unknown as Record<string, FlagClient>)[property];
    return respond(reply, await handler({ flags: client as FlagClient, body: request.body }));
  };
}

const UNANSWERED: Readonly<Record<"ends" | "goes on", preHandlerHookHandler>> = {
  ends: (async () => {}) as unknown as preHandlerHookHandler,
  "goes on": (_request, _reply, done) => done(),
};

function addRoutes(app: FastifyInstance, description: AppDescription): void {
  const { property } = description;
  for (const { path, endpoint } of description.mounts ?? []) {
    app.register(mount(endpoint), { prefix: path });
  }
  for (const { method = "get", path, guards = [], choice, handler } of description.routes ?? []) {
    const preHandler = guards.map(
      ({ requirement, options: { onDisabled, ...options } = {}, unanswered }) =>
        requireFeature(requirement, {
          ...options,
          onDisabled: unanswered
            ? UNANSWERED[unanswered]
            : onDisabled && (adapt(onDisabled, property) as preHandlerAsyncHookHandler),
        }),
    );
    if (handler !== undefined) app[method](path, { preHandler }, adapt(handler, property));
    if (choice === undefined) continue;
    const adapted = Object.entries(choice.handlers).map(
      ([variant, one]) => [variant, adapt(one, property)] as const,
    );
    const other = choice.fallback && adapt(choice.fallback, property);
    const { key, options } = choice;
    const chosen = byVariant(key, Object.fromEntries(adapted), other, options);
    app[method](path, { preHandler }, chosen);
  }
}

function build(app: FastifyInstance, description: AppDescription): void {
  const { authentication, session, header } = description;
  if (description.errors !== "framework") {
    app.setErrorHandler((error, _request, reply) => respond(reply, answerToError(error)));
  }
  if (header !== undefined) {
    app.addHook("onRequest", async (_request, reply) => void reply.header(...header));
  }
  if (session !== undefined) {
    app.addHook("onRequest", async (request) => {
      Object.assign(request, { session: { sessionId: session(request.headers) } });
    });
  }
  if (authentication !== undefined) {
    const { at, user } = authentication;
    // Fastify has hooks where others have an order of middleware.
    app.addHook(at === "before" ? "onRequest" : "preHandler", async (request) => {
      Object.assign(request, { user: user(request.headers) });
    });
  }
  if (description.misuse === "flags") app.addHook("preHandler", flags as never);
  if (description.misuse === "requireFeature") app.addHook("preHandler", requireFeature as never);
}

const harness: AdapterHarness = {
  name: "Fastify 5",
  differences: {
    listsRoutesAtStart: "Fastify tells of routes when they are declared.",
    refusesSecondInstance: "Fastify decorates requests at start, once for each name.",
    loadsBeforeHandlers: "Fastify's plugin waits in a preHandler, when authentication is over.",
    closesOwnInstance: "Fastify's plugins have a lifetime, middleware has none.",
  },
  start: async (description) => {
    const { trustProxy } = description;
    const app = Fastify(
      trustProxy === undefined ? {} : { trustProxy: trustProxy === "all" ? true : "loopback" },
    );
    try {
      build(app, description);
      if (description.flags !== undefined) app.register(flags, description.flags);
      if (description.more !== undefined) app.register(flags, description.more);
      app.register(async (scope) => addRoutes(scope, description));
      await app.listen({ port: 0, host: "127.0.0.1" });
    } catch (error) {
      await app.close();
      throw error;
    }
    const { port } = app.server.address() as AddressInfo;
    const { property = "flags" } = description;
    return {
      url: `http://127.0.0.1:${port}`,
      server: app.server,
      instance: app.hasDecorator(property) ? app.getDecorator(property) : undefined,
      close: async () => {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
};

adapterSuite(harness, { describe, it, tracing });
