import type { Flags, FlagsOptions } from "@halyard/server";
import {
  isAttached,
  RequestFlags,
  refuseRequest,
  runWithFlags,
  toInstance,
} from "@halyard/server/adapter";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { RequestProperty } from "./request-property.ts";
import { reader } from "./request-reader.ts";
import { send } from "./send.ts";

/** Express middleware, and the instance behind it. */
export interface FlagsMiddleware extends RequestHandler {
  readonly instance: Flags;
}

/**
 * Middleware that puts a client on `req.flags`: of an instance, or of one that is made of
 * options. Mount it once, before the routes; before or after authentication does not matter
 * unless `context` is asynchronous or there is a `store`, which need it after.
 */
export function flags(input?: Flags | FlagsOptions<Request>): FlagsMiddleware {
  refuseRequest("flags", "app.use(flags())", input);
  const requestFlags = new RequestFlags(toInstance(input), reader);
  const { instance, property: name, asyncLocalStorage } = requestFlags;
  const property = new RequestProperty(name);
  const halyardFlags = (request: Request, response: Response, next: NextFunction): void => {
    if (isAttached(instance, property.read(request), name)) {
      next();
      return;
    }
    const answer = requestFlags.answer(request);
    if (answer !== undefined) {
      send(response, answer, next);
      return;
    }
    const client = requestFlags.client(request);
    property.write(request, client);
    const go = asyncLocalStorage ? () => runWithFlags(client, next) : next;
    const pending = requestFlags.prepare(client);
    if (pending === undefined) go();
    else pending.then(() => go(), next);
  };
  return Object.assign(halyardFlags, { instance });
}
