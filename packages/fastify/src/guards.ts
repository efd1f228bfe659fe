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
  type Guarded,
  GuardObserver,
  isThenable,
  refuseRequest,
  requireClient,
} from "@halyard/server/adapter";
import type {
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  preHandlerHookHandler,
  RouteHandlerMethod,
} from "fastify";
import { reader } from "./request-reader.ts";

/** Guards and choices by the function that a route got, to list them when it is declared. */
const GUARDED = Symbol.for("halyard.guarded");

/** What a route's function decides about; `undefined` for functions that are not ours. */
export function guardedBy(handler: unknown): Guarded | undefined {
  return typeof handler === "function"
    ? (handler as { readonly [GUARDED]?: Guarded })[GUARDED]
    : undefined;
}

/** A `preHandler` that lets requests pass whose flags are as required; answers the others, by default with 404. */
export function requireFeature(
  requirement: Requirement,
  options: GuardOptions<preHandlerHookHandler | preHandlerAsyncHookHandler> = {},
): preHandlerAsyncHookHandler {
  const example = 'app.get("/beta", { preHandler: requireFeature("beta") }, handler)';
  refuseRequest("requireFeature", example, requirement);
  const guard = createGuard(requirement, options);
  const { onDisabled, property } = options;
  const guarded: Guarded = { flags: guard.flags, kind: "require" };
  const observer = new GuardObserver(guarded);
  const halyardRequireFeature: preHandlerAsyncHookHandler = async function (request, reply) {
    const denial = guard.decide(await readyClient("requireFeature", observer, request, property));
    if (denial === undefined) return;
    if (onDisabled === undefined) return deny(reply, denial);
    return answerInstead(onDisabled as preHandlerHookHandler, denial, this, request, reply);
  };
  return Object.assign(halyardRequireFeature, { [GUARDED]: guarded });
}

/** A route's handler that chooses by the variant that the flag serves; not found when none fits. */
export function byVariant(
  key: FlagKey,
  handlers: VariantHandlers<RouteHandlerMethod>,
  fallback?: RouteHandlerMethod,
  options: VariantOptions = {},
): RouteHandlerMethod {
  refuseRequest("byVariant", 'app.get("/checkout", byVariant("checkout", { a: handler }))', key);
  const choice = createVariantChoice(key, handlers, fallback, options);
  const { property } = options;
  const guarded: Guarded = { flags: choice.flags, kind: "variant" };
  const observer = new GuardObserver(guarded);
  const halyardByVariant: RouteHandlerMethod = async function (request, reply) {
    const handler = choice.choose(await readyClient("byVariant", observer, request, property));
    if (handler !== undefined) return handler.call(this, request, reply);
    reply.callNotFound();
    return reply;
  };
  return Object.assign(halyardByVariant, { [GUARDED]: guarded });
}

async function readyClient(
  name: "requireFeature" | "byVariant",
  observer: GuardObserver,
  request: FastifyRequest,
  property?: string,
): Promise<FlagClient> {
  const { client, instance } = requireClient(request, name, "app.register(flags)", property);
  observer.observe(instance.guardList, reader.place(request));
  await client.load();
  return client;
}

/**
 * Runs a guard's own hook, of either style. It may call back with an error; whatever else it does,
 * nobody passes: what it returns is sent, and without an answer the guard's denial is.
 */
function answerInstead(
  hook: preHandlerHookHandler,
  denial: Denial,
  server: FastifyRequest["server"],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // `reply.sent` becomes true only behind the hooks that follow.
  const { send } = reply;
  let sending = false;
  reply.send = function (payload) {
    sending = true;
    return send.call(this, payload);
  };
  const answered = (): boolean => sending || reply.sent || reply.raw.headersSent;
  return new Promise((resolve, reject) => {
    const end = (payload: unknown): void => {
      if (!answered()) {
        if (payload === undefined || payload === reply) deny(reply, denial);
        else reply.send(payload);
      }
      // Fastify waits until a reply that it gets has gone.
      resolve(reply);
    };
    const result: unknown = hook.call(server, request, reply, (error?: Error | null) =>
      error ? reject(error) : end(undefined),
    );
    if (isThenable(result)) result.then(end, reject);
    else if (result !== undefined && result !== reply) end(result);
    else if (answered()) resolve(reply);
    else denyUnlessAnswered(result, answered, () => end(undefined));
  });
}

function deny(reply: FastifyReply, { status, headers, body }: Denial): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
