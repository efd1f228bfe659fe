import type { Flags, FlagsOptions } from "@halyard/server";
import {
  attachClient,
  isAttached,
  RequestFlags,
  refuseRequest,
  runWithFlags,
  toInstance,
} from "@halyard/server/adapter";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { reader } from "./request-reader.ts";

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
  const { instance, property, asyncLocalStorage } = requestFlags;
  const halyardFlags = (request: Request, _response: Response, next: NextFunction): void => {
    if (isAttached(instance, request, property)) {
      next();
      return;
    }
    const client = requestFlags.client(request);
    attachClient(request, property, client);
    const go = asyncLocalStorage ? () => runWithFlags(client, next) : next;
    const pending = requestFlags.prepare(client);
    if (pending === undefined) go();
    else pending.then(() => go(), next);
  };
  return Object.assign(halyardFlags, { instance });
}
