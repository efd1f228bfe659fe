import type { ClientHost, ReadCounts, Snapshot } from "@halyard/core";
import type { HttpResponse } from "../endpoints/endpoint.ts";
import { pathAndQuery } from "../endpoints/node-request.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import { type AnswerHead, beforeHead } from "../request/answer-head.ts";
import { cookieOf, cookieValue } from "../request/cookies.ts";
import type { RequestReader } from "../request/request-reader.ts";
import { type Brought, BroughtOverrides } from "./brought-overrides.ts";
import type { TokenClaims } from "./token.ts";
import {
  joinUrlOverrides,
  readUrlOverrides,
  type UrlOverrides,
  writeUrlOverrides,
} from "./url-overrides.ts";

/** Seconds that URL overrides are kept. */
const KEPT = 24 * 60 * 60;

/** Names the flags that an answer was under overrides of. */
const HEADER = "halyard-overrides";

/** Most flags that are named. */
const MAX_NAMES = 20;

const NONE: UrlOverrides = new Map();

/** What made the client of a request that brought overrides: the instance, but for those. */
class BroughtHost implements ClientHost {
  readonly instance: FlagsInstance;
  readonly subjects: BroughtOverrides;
  readonly defaultEnabled: boolean;
  readonly reads: ReadCounts;
  readonly track: ClientHost["track"];

  constructor(instance: FlagsInstance, subjects: BroughtOverrides) {
    this.instance = instance;
    this.subjects = subjects;
    this.defaultEnabled = instance.defaultEnabled;
    this.reads = instance.reads;
    this.track = (...call) => instance.track(...call);
  }

  get snapshot(): Snapshot {
    return this.instance.snapshot;
  }
}

/** Finds what the requests of one adapter bring along. Made only where something is configured. */
export class EdgeRequests<Request> {
  readonly #instance: FlagsInstance;
  readonly #reader: RequestReader<Request>;

  constructor(instance: FlagsInstance, reader: RequestReader<Request>) {
    this.#instance = instance;
    this.#reader = reader;
  }

  /** Whether a request looks as if it brought something: all that the usual one is asked. */
  brings(request: Request): boolean {
    const { url, token } = this.#instance.edge;
    const reader = this.#reader;
    const cookies = reader.header(request, "cookie");
    if (url !== undefined) {
      if (reader.url(request).includes(url.prefix) || cookies?.includes(url.cookie)) return true;
    }
    if (token === undefined) return false;
    return reader.header(request, token.header) !== undefined || !!cookies?.includes(token.cookie);
  }

  /** The host of the request's client; `undefined` for the usual request, which brings nothing. */
  host(request: Request): ClientHost | undefined {
    if (!this.brings(request)) return undefined;
    const { edge, subjects, overrideTokens } = this.#instance;
    const cookies = this.#reader.header(request, "cookie");
    const url = this.#urlOverrides(request, cookies);
    const tokens = this.#tokens(request, cookies);
    if (url.size === 0 && tokens.length === 0) return undefined;
    const { precedence, clock } = edge.parts;
    const brought: Brought = { url, tokens, at: clock() };
    const overrides = new BroughtOverrides(brought, {
      inner: subjects,
      precedence,
      withdrawal: (jti) => overrideTokens.withdrawal(jti),
      onApplied: (keys, origins) => edge.applied(keys, origins),
      onRefused: (flaw) => edge.refused("override_token", flaw),
    });
    if (this.#mark(request, () => overrides.applied ?? [])) {
      return new BroughtHost(this.#instance, overrides);
    }
    if (url.size > 0) edge.refused("url_override", "too_late");
    if (tokens.length > 0) edge.refused("override_token", "too_late");
    return undefined;
  }

  /**
   * Keeps the answer from caches: nobody else is to get what somebody tried out. `false` when it has
   * begun, or is not to be had yet.
   */
  #mark(request: Request, applied: () => readonly string[]): boolean {
    const response = this.#reader.response(request);
    if (response === undefined) return false;
    return beforeHead(response, (head) => {
      head.forbidStoring();
      this.#name(head, applied());
    });
  }

  /** Pages read headers: they are told only of flags that browsers may know of. */
  #name(head: AnswerHead, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const { flags } = this.#instance.snapshot;
    const shown = keys.filter((key) => flags.get(key)?.flag.client === true).slice(0, MAX_NAMES);
    const hidden = keys.length - shown.length;
    head.add(HEADER, hidden > 0 ? [...shown, `+${hidden}`] : shown);
  }

  #urlOverrides(request: Request, cookies: string | undefined): UrlOverrides {
    const { url: settings } = this.#instance.edge;
    if (settings === undefined) return NONE;
    const { prefix, cookie } = settings;
    const target = this.#reader.url(request);
    const kept = cookieValue(cookies, cookie);
    const fromCookie = kept === undefined ? NONE : this.#heeded(readUrlOverrides(kept, ""));
    const fromUrl = this.#heeded(readUrlOverrides(pathAndQuery(target)[1], prefix));
    const joined = this.#heeded(joinUrlOverrides(fromUrl, fromCookie));
    if (fromUrl.size === 0) return joined;
    const text = writeUrlOverrides(joined);
    const secure = this.#reader.secure(request);
    this.#reader.setCookie(request, cookieOf(cookie, text, text === "" ? 0 : KEPT, secure));
    // Also where it takes back the last one: nobody else is to get the cookie.
    this.#mark(request, () => []);
    return joined;
  }

  #heeded({ overrides, flaws }: ReturnType<typeof readUrlOverrides>): UrlOverrides {
    for (const flaw of flaws) this.#instance.edge.refused("url_override", flaw);
    return overrides;
  }

  #tokens(request: Request, cookies: string | undefined): readonly TokenClaims[] {
    const { edge } = this.#instance;
    if (edge.token === undefined) return [];
    const { header, cookie } = edge.token;
    const inCookie = cookieValue(cookies, cookie);
    const inHeader = this.#reader.header(request, header);
    // The header is of this request alone, so that it comes first; the same one twice is one.
    return [...new Set([inHeader, inCookie])].flatMap((token) =>
      token === undefined || token === "" ? [] : (this.#verified(token) ?? []),
    );
  }

  #verified(token: string): TokenClaims | undefined {
    const { edge, overrideTokens } = this.#instance;
    const verified = overrideTokens.verify(token);
    if (typeof verified !== "string") return verified;
    edge.refused("override_token", verified);
    return undefined;
  }

  /**
   * What answers a link with a token: the token moves from the address to a cookie. `undefined` for
   * any other request.
   */
  answer(request: Request): HttpResponse | undefined {
    const parameter = this.#instance.edge.token?.parameter;
    if (parameter === undefined) return undefined;
    const target = this.#reader.url(request);
    if (!target.includes(parameter)) return undefined;
    const method = this.#reader.method(request);
    if (method !== "GET" && method !== "HEAD") return undefined;
    const [path, query] = pathAndQuery(target);
    const pairs = query.split("&");
    const isToken = (pair: string): boolean => pair.split("=", 1)[0] === parameter;
    const given = pairs.filter(isToken);
    if (given.length === 0) return undefined;
    if (given.length > 1) this.#instance.edge.refused("override_token", "malformed");
    else this.#keep(request, (given[0] as string).slice(parameter.length + 1));
    const rest = pairs.filter((pair) => !isToken(pair) && pair !== "").join("&");
    return {
      status: 303,
      headers: {
        location: samePath(path, rest),
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
      },
      body: "",
    };
  }

  /** Keeps a link's token in the cookie; an empty one ends what was kept. */
  #keep(request: Request, encoded: string): void {
    const { edge, overrideTokens } = this.#instance;
    const { cookie = "" } = edge.token ?? {};
    const secure = this.#reader.secure(request);
    const token = encoded.replaceAll("%2E", ".").replaceAll("%2e", ".");
    if (token === "") {
      this.#reader.setCookie(request, cookieOf(cookie, "", 0, secure));
      return;
    }
    const claims = this.#verified(token);
    if (claims === undefined) return;
    if (overrideTokens.withdrawal(claims.jti) === "revoked") {
      edge.refused("override_token", "revoked");
      return;
    }
    const left = Math.max(1, Math.floor(claims.exp - edge.parts.clock() / 1000));
    this.#reader.setCookie(request, cookieOf(cookie, token, left, secure));
    edge.parts.log.info(`A link with the override token ${claims.jti} was followed.`);
  }
}

/**
 * A reference from the path to itself with another query. Relative, so that it can lead to no other
 * host whatever the path is, and holds behind proxies that take a part of the path off.
 */
function samePath(path: string, query: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const location = `./${name}${query === "" ? "" : `?${query}`}`;
  return location.replaceAll(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
