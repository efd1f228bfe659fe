import { randomUUID } from "node:crypto";
import { beforeHead } from "./answer-head.ts";
import { cookieOf, cookieValue } from "./cookies.ts";
import type { AnonymousOptions } from "./options.ts";
import type { RequestReader } from "./request-reader.ts";

const PREFIX = "anon_";
const ID = /^anon_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ONE_YEAR = 365 * 24 * 60 * 60;

/**
 * Ids for visitors who are not signed in. Made here and kept in a first-party cookie; anything
 * else in that cookie is refused, so that nobody passes a user's id off as an anonymous one.
 */
export class AnonymousIds {
  readonly #cookie: string;
  readonly #maxAge: number;
  readonly #secure: boolean | undefined;

  constructor({ cookie = "halyard_anon", maxAge = ONE_YEAR, secure }: AnonymousOptions) {
    this.#cookie = cookie;
    this.#maxAge = maxAge;
    this.#secure = secure;
  }

  /** The visitor's id; a new one is sent along with the answer. */
  idOf<Request>(request: Request, reader: RequestReader<Request>): string {
    const known = this.knownId(request, reader);
    if (known !== undefined) return known;
    const id = `${PREFIX}${randomUUID()}`;
    const secure = this.#secure ?? reader.secure(request);
    reader.setCookie(request, cookieOf(this.#cookie, id, this.#maxAge, secure));
    const response = reader.response(request);
    // A shared cache would give the id to everybody.
    if (response !== undefined) beforeHead(response, (head) => head.keepPrivate());
    return id;
  }

  /** The id that the visitor brought along. */
  knownId<Request>(request: Request, reader: RequestReader<Request>): string | undefined {
    const known = cookieValue(reader.header(request, "cookie"), this.#cookie);
    return known !== undefined && ID.test(known) ? known : undefined;
  }
}
