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
  type Denial,
  refuseRequest,
  requireClient,
} from "@halyard/server/adapter";
import type { NextFunction, Request, RequestHandler, Response } from "express";

/** Lets requests pass whose flags are as required; answers the others, by default with 404. */
export function requireFeature(
  requirement: Requirement,
  options: GuardOptions<RequestHandler> = {},
): RequestHandler {
  refuseRequest("requireFeature", 'app.get("/beta", requireFeature("beta"), handler)', requirement);
  const guard = createGuard(requirement, options);
  const { onDisabled } = options;
  return function halyardRequireFeature(request, response, next) {
    withClient("requireFeature", guard.flags, request, next, (client): unknown => {
      const denial = guard.decide(client);
      if (denial === undefined) return next();
      if (onDisabled !== undefined) return onDisabled(request, response, next);
      return deny(response, denial);
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
  return function halyardByVariant(request, response, next) {
    withClient("byVariant", choice.flags, request, next, (client): unknown => {
      const handler = choice.choose(client);
      return handler === undefined ? next() : handler(request, response, next);
    });
  };
}

/** Runs `use` with the request's client once it is ready; whatever goes wrong goes to `next`. */
function withClient(
  name: "requireFeature" | "byVariant",
  flags: readonly string[],
  request: Request,
  next: NextFunction,
  use: (client: FlagClient) => unknown,
): void {
  const { client, instance } = requireClient(request, name, "app.use(flags())");
  const kind = name === "byVariant" ? "variant" : "require";
  const { method } = request;
  instance.guardList.observe({ flags, kind, method, route: routeOf(request) });
  // Express 4 does not hand a handler's rejection to `next` by itself.
  const run = (): void => {
    const result = use(client);
    if (result instanceof Promise) result.catch(next);
  };
  const pending = client.load();
  if (pending === undefined) run();
  else pending.then(run).catch(next);
}

/** The pattern of the route; of a guard that `use` mounted, where it is mounted. */
function routeOf(request: Request): string {
  const pattern: unknown = request.route?.path;
  return `${request.baseUrl}${pattern === undefined ? "/*" : String(pattern)}`;
}

function deny(response: Response, { status, headers, body }: Denial): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}
