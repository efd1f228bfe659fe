import type {
  FlagClient,
  FlagKey,
  GuardOptions,
  Requirement,
  VariantHandlers,
} from "@halyard/server";
import {
  createGuard,
  createVariantChoice,
  GuardObserver,
  refuseRequest,
  requireClient,
} from "@halyard/server/adapter";
import type { NextFunction, Request, RequestHandler } from "express";
import { send } from "./send.ts";

/** Lets requests pass whose flags are as required; answers the others, by default with 404. */
export function requireFeature(
  requirement: Requirement,
  options: GuardOptions<RequestHandler> = {},
): RequestHandler {
  refuseRequest("requireFeature", 'app.get("/beta", requireFeature("beta"), handler)', requirement);
  const guard = createGuard(requirement, options);
  const { onDisabled } = options;
  const observer = new GuardObserver({ flags: guard.flags, kind: "require" });
  return function halyardRequireFeature(request, response, next) {
    withClient("requireFeature", observer, request, next, (client): unknown => {
      const denial = guard.decide(client);
      if (denial === undefined) return next();
      if (onDisabled !== undefined) return onDisabled(request, response, next);
      return send(response, denial);
    });
  };
}

/** Handles a route by the variant that the flag serves; passes it on when none fits. */
export function byVariant(
  key: FlagKey,
  handlers: VariantHandlers<RequestHandler>,
  fallback?: RequestHandler,
): RequestHandler {
  refuseRequest("byVariant", 'app.get("/checkout", byVariant("checkout", { a: handler }))', key);
  const choice = createVariantChoice(key, handlers, fallback);
  const observer = new GuardObserver({ flags: choice.flags, kind: "variant" });
  return function halyardByVariant(request, response, next) {
    withClient("byVariant", observer, request, next, (client): unknown => {
      const handler = choice.choose(client);
      return handler === undefined ? next() : handler(request, response, next);
    });
  };
}

/** Runs `use` with the request's client once it is ready; whatever goes wrong goes to `next`. */
function withClient(
  name: "requireFeature" | "byVariant",
  observer: GuardObserver,
  request: Request,
  next: NextFunction,
  use: (client: FlagClient) => unknown,
): void {
  const { client, instance } = requireClient(request, name, "app.use(flags())");
  const { method, baseUrl } = request;
  // A guard that `use` mounted has no route, only a place.
  const pattern: unknown = request.route?.path;
  observer.observe(instance.guardList, { method, pattern, base: baseUrl });
  // Express 4 does not hand a handler's rejection to `next` by itself.
  const run = (): void => {
    const result = use(client);
    if (result instanceof Promise) result.catch(next);
  };
  const pending = client.load();
  if (pending === undefined) run();
  else pending.then(run).catch(next);
}
