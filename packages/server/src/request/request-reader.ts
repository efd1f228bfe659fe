import type { ServerResponse } from "node:http";
import type { RoutePlace } from "../guard/guard-list.ts";

/**
 * What an adapter tells about its framework's request. One object per adapter; each function
 * reads what the framework itself vouches for (`req.ip`, never a raw forwarded header).
 */
export interface RequestReader<Request> {
  readonly ip: (request: Request) => string | undefined;
  readonly method: (request: Request) => string | undefined;
  /** Without the query. */
  readonly path: (request: Request) => string | undefined;
  /** The route that the request has come to so far. */
  readonly place: (request: Request) => RoutePlace;
  /** As it was sent: with the query, also inside what is mounted below a path. */
  readonly url: (request: Request) => string;
  /** Host name, without the port. */
  readonly host: (request: Request) => string | undefined;
  /** By lower-case name. */
  readonly header: (request: Request, name: string) => string | undefined;
  /** Whom the application's authentication put on the request. */
  readonly user: (request: Request) => unknown;
  readonly sessionId: (request: Request) => string | undefined;
  /** Came over TLS. */
  readonly secure: (request: Request) => boolean;
  /** Adds a `Set-Cookie` header to the answer; `false` when it has been sent already. */
  readonly setCookie: (request: Request, cookie: string) => boolean;
  /** Node's own; `undefined` where it is not to be had. */
  readonly response: (request: Request) => ServerResponse | undefined;
  /** The framework trusts forwarded headers from anybody, so that clients choose their own IP. */
  readonly trustsAnyProxy: (request: Request) => boolean;
}
