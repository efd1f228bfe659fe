import type { Flags, FlagsOptions } from "@halyard/server";
import {
  attachClient,
  isAttached,
  RequestFlags,
  refuseRequest,
  runWithFlags,
  toInstance,
} from "@halyard/server/adapter";
import type { Context, Middleware, Next } from "koa";
import { reader } from "./request-reader.ts";
import { send } from "./send.ts";

/** Koa middleware, and the instance behind it. */
export interface FlagsMiddleware extends Middleware {
  readonly instance: Flags;
}

/**
 * Middleware that puts a client on `ctx.flags` and `ctx.state.flags`: of an instance, or of one
 * that is made of options. Mount it once, before the routes; before or after authentication does
 * not matter unless `context` is asynchronous or there is a `store`, which need it after.
 */
export function flags(input?: Flags | FlagsOptions<Context>): FlagsMiddleware {
  refuseRequest("flags", "app.use(flags())", input);
  const requestFlags = new RequestFlags(toInstance(input), reader);
  const { instance, property, asyncLocalStorage } = requestFlags;
  const halyardFlags = (context: Context, next: Next): Promise<void> => {
    if (isAttached(instance, context[property], property)) return next();
    const answer = requestFlags.answer(context);
    if (answer !== undefined) {
      send(context, answer);
      return Promise.resolve();
    }
    const client = requestFlags.client(context);
    attachClient(context, property, client);
    context.state[property] = client;
    const go = asyncLocalStorage ? () => runWithFlags(client, next) : next;
    const pending = requestFlags.prepare(client);
    return pending === undefined ? go() : pending.then(go);
  };
  return Object.assign(halyardFlags as Middleware, { instance });
}
