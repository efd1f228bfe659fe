import { createServer, type RequestListener } from "node:http";
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
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import express4 from "express4";
import { describe, it } from "vitest";
import { tracing } from "../../../test/support/tracing.ts";
import { byVariant, type FlagClient, flags, mount, requireFeature } from "./index.ts";

type Fields = Request & Record<string, unknown>;

function respond(response: Response, { status = 200, headers = {}, json }: Answer): void {
  response.status(status).set(headers).json(json);
}

/** Express 4 takes no promises, so that rejections are handed on by hand, as its users do. */
function adapt(handler: Handler, property = "flags"): RequestHandler {
  return (request, response, next) => {
    const client = (request as Fields)[property] as FlagClient;
    const run = async (): Promise<void> =>
      respond(response, await handler({ flags: client, body: request.body }));
    run().catch(next);
  };
}

const UNANSWERED: Readonly<Record<"ends" | "goes on", RequestHandler>> = {
  ends: async () => {},
  "goes on": (_request, _response, next) => next(),
};

const answerErrors: ErrorRequestHandler = (error, _request, response, _next) =>
  respond(response, answerToError(error));

function build(
  app: Express,
  parser: RequestHandler,
  description: AppDescription,
): RunningApp["instance"] {
  const { property, authentication, session, bodyParser, header, trustProxy } = description;
  if (trustProxy !== undefined) app.set("trust proxy", trustProxy === "all" ? true : "loopback");
  if (header !== undefined) {
    app.use((_request, response, next) => next(void response.setHeader(...header)));
  }
  if (session !== undefined) {
    app.use((request, _response, next) => {
      Object.assign(request, { sessionID: session(request.headers) });
      next();
    });
  }
  const authenticate: RequestHandler = (request, _response, next) => {
    Object.assign(request, { user: authentication?.user(request.headers) });
    next();
  };
  if (authentication?.at === "before") app.use(authenticate);
  if (bodyParser === "before") app.use(parser);
  const middleware = description.flags && flags(description.flags);
  if (middleware) app.use(middleware);
  if (description.more !== undefined) app.use(flags(description.more));
  if (authentication?.at === "after") app.use(authenticate);
  if (bodyParser === "after") app.use(parser);
  if (description.misuse === "flags") app.use(flags as unknown as RequestHandler);
  if (description.misuse === "requireFeature") {
    app.use(requireFeature as unknown as RequestHandler);
  }
  for (const { path, endpoint } of description.mounts ?? []) app.use(path, mount(endpoint));
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
    app[method](path, ...handlers);
  }
  if (description.errors !== "framework") app.use(answerErrors);
  return middleware?.instance;
}

function harness(name: string, make: typeof express): AdapterHarness {
  return {
    name,
    differences: {
      ignoresCase: "Express matches paths in any case, unless it is told otherwise.",
    },
    start: async (description) => {
      const app = make();
      const instance = build(app, make.json(), description);
      const server = createServer(app as RequestListener);
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
}

adapterSuite(harness("Express 5", express), { describe, it, tracing });
adapterSuite(harness("Express 4", express4 as unknown as typeof express), {
  describe,
  it,
  tracing,
});
