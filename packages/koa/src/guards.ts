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
import type { Context, Middleware } from "koa";

/** Lets requests pass whose flags are as required; answers the others, by default with 404. */
export function requireFeature(
  requirement: Requirement,
  options: GuardOptions<Middleware> = {},
): Middleware {
  refuseRequest(
    "requireFeature",
    'router.get("/beta", requireFeature("beta"), handler)',
    requirement,
  );
  const guard = createGuard(requirement, options);
  const { onDisabled } = options;
  return async function halyardRequireFeature(context, next): Promise<void> {
    const client = await readyClient("requireFeature", guard.flags, context);
    const denial = guard.decide(client);
    if (denial === undefined) await next();
    else if (onDisabled !== undefined) await onDisabled(context, next);
    else deny(context, denial);
  };
}

/** Handles a route by the variant that the flag serves; passes it on when none fits. */
export function byVariant(
  key: FlagKey,
  handlers: VariantHandlers<Middleware>,
  fallback?: Middleware,
): Middleware {
  refuseRequest("byVariant", 'router.get("/checkout", byVariant("checkout", { a: handler }))', key);
  const choice = createVariantChoice(key, handlers, fallback);
  return async function halyardByVariant(context, next): Promise<void> {
    const client = await readyClient("byVariant", choice.flags, context);
    const handler = choice.choose(client);
    await (handler === undefined ? next() : handler(context, next));
  };
}

async function readyClient(
  name: "requireFeature" | "byVariant",
  flags: readonly string[],
  context: Context,
): Promise<FlagClient> {
  const { client, instance } = requireClient(context, name, "app.use(flags())");
  const kind = name === "byVariant" ? "variant" : "require";
  instance.guardList.observe({ flags, kind, method: context.method, route: routeOf(context) });
  await client.load();
  return client;
}

/** The pattern of the route where a router tells it, else the path. */
function routeOf(context: Context): string {
  const pattern: unknown = (context as { readonly _matchedRoute?: unknown })._matchedRoute;
  return pattern === undefined ? "/*" : String(pattern);
}

function deny(context: Context, { status, headers, body }: Denial): void {
  context.status = status;
  context.set({ ...headers });
  context.body = body;
}
