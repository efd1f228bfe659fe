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
  GuardObserver,
  refuseRequest,
  requireClient,
} from "@halyard/server/adapter";
import type { Context, Middleware } from "koa";
import { reader } from "./request-reader.ts";
import { send } from "./send.ts";

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
  const { onDisabled, property } = options;
  const observer = new GuardObserver({ flags: guard.flags, kind: "require" });
  return async function halyardRequireFeature(context, next): Promise<void> {
    const client = await readyClient("requireFeature", observer, context, property);
    const denial = guard.decide(client);
    if (denial === undefined) await next();
    else if (onDisabled === undefined) send(context, denial);
    else await answerInstead(onDisabled, denial, context);
  };
}

/** Handles a route by the variant that the flag serves; passes it on when none fits. */
export function byVariant(
  key: FlagKey,
  handlers: VariantHandlers<Middleware>,
  fallback?: Middleware,
  options: VariantOptions = {},
): Middleware {
  refuseRequest("byVariant", 'router.get("/checkout", byVariant("checkout", { a: handler }))', key);
  const choice = createVariantChoice(key, handlers, fallback, options);
  const { property } = options;
  const observer = new GuardObserver({ flags: choice.flags, kind: "variant" });
  return async function halyardByVariant(context, next): Promise<void> {
    const client = await readyClient("byVariant", observer, context, property);
    const handler = choice.choose(client);
    await (handler === undefined ? next() : handler(context, next));
  };
}

async function readyClient(
  name: "requireFeature" | "byVariant",
  observer: GuardObserver,
  context: Context,
  property?: string,
): Promise<FlagClient> {
  const { client, instance } = requireClient(context, name, "app.use(flags())", property);
  observer.observe(instance.guardList, reader.place(context));
  await client.load();
  return client;
}

/** Runs a guard's own middleware. Its `next` leads nowhere: whatever it does, nobody passes. */
async function answerInstead(
  middleware: Middleware,
  denial: Denial,
  context: Context,
): Promise<void> {
  const { status, body } = context;
  await middleware(context, async () => {});
  const untouched = context.status === status && context.body === body;
  if (untouched && context.writable && !context.headerSent && context.respond !== false) {
    send(context, denial);
  }
}
