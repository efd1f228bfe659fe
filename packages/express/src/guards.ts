import type {
  FlagClient,
  FlagKey,
  GuardOptions,
  Requirement,
  VariantHandlers,
  VariantOptions,
} from "@halyard/server";
import {
  createGuard,
  createVariantChoice,
  type Denial,
  denyUnlessAnswered,
  GuardObserver,
  isThenable,
  refuseRequest,
  requireClient,
} from "@halyard/server/adapter";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { reader } from "./request-reader.ts";
import { send } from "./send.ts";

/** Lets requests pass whose flags are as required; answers the others, by default with 404. */
export function requireFeature(
  requirement: Requirement,
  options: GuardOptions<RequestHandler> = {},
): RequestHandler {
  refuseRequest("requireFeature", 'app.get("/beta", requireFeature("beta"), handler)', requirement);
  const guard = createGuard(requirement, options);
  const { onDisabled, property } = options;
  const observer = new GuardObserver({ flags: guard.flags, kind: "require" });
  return function halyardRequireFeature(request, response, next) {
    const use = (client: FlagClient): unknown => {
      const denial = guard.decide(client);
      if (denial === undefined) return next();
      if (onDisabled === undefined) return send(response, denial, next);
      return answerInstead(onDisabled, denial, request, response, next);
    };
    withClient("requireFeature", observer, request, next, use, property);
  };
}

/** Runs a guard's own handler. It may hand on errors; whatever else it does, nobody passes. */
function answerInstead(
  handler: RequestHandler,
  denial: Denial,
  request: Request,
  response: Response,
  next: NextFunction,
): unknown {
  const answered = (): boolean => response.headersSent || response.writableEnded;
  const deny = (): void => {
    if (!answered()) send(response, denial, next);
  };
  const ended = (error?: unknown): void => {
    // These leave a route, or a router: the way to the handler behind it, where `use` mounted.
    if (error && error !== "route" && error !== "router") next(error);
    else deny();
  };
  const result: unknown = handler(request, response, ended as NextFunction);
  const settled = (): void => denyUnlessAnswered(result, answered, deny);
  if (isThenable(result)) return Promise.resolve(result).then(settled);
  return settled();
}

/** Handles a route by the variant that the flag serves; passes it on when none fits. */
export function byVariant(
  key: FlagKey,
  handlers: VariantHandlers<RequestHandler>,
  fallback?: RequestHandler,
  options: VariantOptions = {},
): RequestHandler {
  refuseRequest("byVariant", 'app.get("/checkout", byVariant("checkout", { a: handler }))', key);
  const choice = createVariantChoice(key, handlers, fallback, options);
  const { property } = options;
  const observer = new GuardObserver({ flags: choice.flags, kind: "variant" });
  return function halyardByVariant(request, response, next) {
    const use = (client: FlagClient): unknown => {
      const handler = choice.choose(client);
      return handler === undefined ? next() : handler(request, response, next);
    };
    withClient("byVariant", observer, request, next, use, property);
  };
}

/** Runs `use` with the request's client once it is ready; whatever goes wrong goes to `next`. */
function withClient(
  name: "requireFeature" | "byVariant",
  observer: GuardObserver,
  request: Request,
  next: NextFunction,
  use: (client: FlagClient) => unknown,
  property?: string,
): void {
  const { client, instance } = requireClient(request, name, "app.use(flags())", property);
  observer.observe(instance.guardList, reader.place(request));
  // Express 4 does not hand a handler's rejection to `next` by itself.
  const run = (): void => {
    const result = use(client);
    if (isThenable(result)) Promise.resolve(result).catch(next);
  };
  const pending = client.load();
  if (pending === undefined) run();
  else pending.then(run).catch(next);
}
