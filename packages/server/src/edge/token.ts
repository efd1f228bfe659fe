import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { freezeJson, isKey, isPlainObject, isScopeId, type JsonObject } from "@halyard/core";
import type { OverrideTokenKey } from "./options.ts";

/**
 * A token is four parts, joined by dots: `h1`, the key's id, the claims as base64url of JSON, and
 * the HMAC-SHA-256 of what is before it. `h1` stands for all of that: a token chooses no algorithm.
 */
const VERSION = "h1";

/** Keeps a secret that signs other things, too, from vouching for a token by accident. */
const PURPOSE = "halyard override token\n";

/** Longest token, so that a cookie takes it. */
export const MAX_TOKEN = 3800;

/** Most flags of one token. */
export const MAX_TOKEN_FLAGS = 50;

/** Seconds that clocks may differ by. */
export const LEEWAY = 60;

const JTI = /^[A-Za-z0-9_-]{1,64}$/;

/** What a token says. */
export interface TokenClaims {
  /** Application and environment. */
  readonly aud: readonly [application: string, environment: string];
  /** The user who has to be the caller; absent: anybody. */
  readonly sub?: string | undefined;
  /** Seconds since the epoch. */
  readonly iat: number;
  /** Seconds since the epoch. */
  readonly exp: number;
  readonly jti: string;
  /** Key of the flag → value. */
  readonly flags: JsonObject;
}

/** Why a token is not heeded. */
export type TokenFlaw =
  | "too_long"
  | "malformed"
  | "unknown_key"
  | "bad_signature"
  | "other_audience"
  | "expired"
  | "lasts_too_long"
  | "revoked"
  | "revocations_unknown"
  | "other_subject";

export interface TokenKeysOptions {
  readonly keys: readonly OverrideTokenKey[];
  readonly audience: TokenClaims["aud"];
  /** Milliseconds. */
  readonly maxLife: number;
}

/** Signs tokens, and tells those that were signed with one of the keys. */
export class TokenKeys {
  readonly audience: TokenClaims["aud"];
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #maxLife: number;

  constructor({ keys, audience, maxLife }: TokenKeysOptions) {
    this.audience = audience;
    this.#maxLife = maxLife;
    this.#keys = new Map(
      keys.map(({ kid, secret }) => [kid, createSecretKey(Buffer.from(secret))] as const),
    );
  }

  /** Signed with the first key. */
  sign(claims: TokenClaims): { readonly token: string; readonly kid: string } {
    const [first] = this.#keys;
    if (first === undefined) throw new TypeError("there is no key");
    const [kid, key] = first;
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const signed = `${VERSION}.${kid}.${payload}`;
    return { token: `${signed}.${signature(key, signed)}`, kid };
  }

  /** What a token says, if it is one for here and now (epoch milliseconds); else why not. */
  verify(token: string, now: number): TokenClaims | TokenFlaw {
    if (token.length > MAX_TOKEN) return "too_long";
    const [version, kid = "", payload = "", given = "", ...more] = token.split(".");
    if (version !== VERSION || payload === "" || given === "" || more.length > 0) {
      return "malformed";
    }
    const key = this.#keys.get(kid);
    if (key === undefined) return "unknown_key";
    const expected = Buffer.from(signature(key, `${version}.${kid}.${payload}`));
    const bytes = Buffer.from(given);
    if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) {
      return "bad_signature";
    }
    // Nothing of it is looked at before it is known to be ours.
    const claims = claimsOf(payload);
    if (claims === undefined) return "malformed";
    const { aud, exp } = claims;
    if (aud[0] !== this.audience[0] || aud[1] !== this.audience[1]) return "other_audience";
    if (exp * 1000 <= now) return "expired";
    if (exp * 1000 > now + this.#maxLife + LEEWAY * 1000) return "lasts_too_long";
    return claims;
  }
}

function signature(key: KeyObject, signed: string): string {
  return createHmac("sha256", key).update(PURPOSE).update(signed).digest("base64url");
}

export function isTokenId(jti: unknown): jti is string {
  return typeof jti === "string" && JTI.test(jti);
}

function claimsOf(payload: string): TokenClaims | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isPlainObject(parsed)) return undefined;
  const { aud, sub, iat, exp, jti, flags } = parsed;
  const isAudience =
    Array.isArray(aud) && aud.length === 2 && aud.every((part) => typeof part === "string");
  if (!isAudience || !isTokenId(jti)) return undefined;
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return undefined;
  if (sub !== undefined && !isScopeId(sub)) return undefined;
  if (!isPlainObject(flags)) return undefined;
  const keys = Object.keys(flags);
  if (keys.length > MAX_TOKEN_FLAGS || !keys.every(isKey)) return undefined;
  return freezeJson(parsed) as unknown as TokenClaims | undefined;
}
