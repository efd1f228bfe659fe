import { randomBytes } from "node:crypto";
import {
  type FlagKey,
  type FlagValue,
  HalyardError,
  isScopeId,
  type JsonObject,
  type Override,
  type OverrideChange,
  type Page,
  scopeKey,
} from "@halyard/core";
import type { Log } from "../instance/log.ts";
import { checkWritable, OverrideChanges } from "../instance/override-changes.ts";
import { expiryOf, invalid, ownValue } from "../instance/override-values.ts";
import type { Authorship, ListPage } from "../instance/overrides.ts";
import type { RuntimeState } from "../instance/runtime-state.ts";
import { ISSUED, MAX_REVOKED, type Revocations, revokedKey } from "./revocations.ts";
import {
  isTokenId,
  LEEWAY,
  MAX_TOKEN,
  MAX_TOKEN_FLAGS,
  type TokenClaims,
  type TokenFlaw,
  type TokenKeys,
} from "./token.ts";

export interface TokenRequest extends Authorship {
  /** What the token's holder gets, by the flag's key. At most 50. */
  readonly flags: { readonly [Key in FlagKey]?: FlagValue<Key> };
  /** Id of the user who has to be the caller. Default: whoever holds the token. */
  readonly subject?: string | undefined;
  /** When it ends: a `Date`, ISO 8601, or epoch milliseconds. */
  readonly expiresAt?: Date | string | number | undefined;
  /** When it ends, in milliseconds from now. Default 24 hours. */
  readonly expiresIn?: number | undefined;
}

/** A token as it was issued, without the token itself, which nobody keeps. */
export interface TokenRecord {
  readonly jti: string;
  /** Of the key that signed it. */
  readonly kid: string;
  readonly application: string;
  readonly environment: string;
  readonly subject: string | undefined;
  /** Key of the flag → value. */
  readonly flags: JsonObject;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly actor: Override["actor"];
  readonly reason: string | undefined;
  readonly revoked: boolean;
}

export interface IssuedToken extends TokenRecord {
  /** A secret of whoever gets it. */
  readonly token: string;
}

/** What a token is, for people who ask why one has no effect. */
export type TokenInspection =
  | { readonly accepted: true; readonly claims: TokenClaims }
  | { readonly accepted: false; readonly flaw: TokenFlaw };

/**
 * Signed tokens that override flags for whoever holds them, in production, too. They reject with
 * `TOKENS_NOT_CONFIGURED` without the option `overrideTokens`, with `INVALID_OVERRIDE`,
 * `INVALID_KEY`, `INVALID_ACTOR` for what can't be, and as other writes do.
 */
export interface OverrideTokens {
  /** Makes a token for this application and environment. With a `store`, that is in the audit. */
  issue(request: TokenRequest): Promise<IssuedToken>;
  /**
   * From here on the token is not heeded, in every process of the store; without a store, in this
   * process. `false` when it was revoked already.
   */
  revoke(jti: string, options: Authorship): Promise<boolean>;
  /** Tokens that were issued and have not expired, a page at a time. Needs a `store`. */
  list(page?: ListPage): Promise<Page<TokenRecord>>;
  /** Whether a token is heeded here and now, and what it says; whoever is the caller. */
  inspect(token: string): TokenInspection;
}

export interface OverrideTokensParts {
  /** Absent: nothing is configured. */
  readonly keys: TokenKeys | undefined;
  /** Milliseconds. */
  readonly maxLife: number;
  readonly revocations: Revocations;
  readonly state: RuntimeState;
  readonly log: Log;
}

/** {@link TokenRequest} of keys that types know nothing of. */
type AnyRequest = Omit<TokenRequest, "flags"> & {
  readonly flags: Readonly<Record<string, unknown>>;
};

/** Of callers who leave out who they are, which is then said as for any other nobody. */
const NOTHING = {} as AnyRequest;

/** What a store keeps as the value of a token's record. */
interface Kept {
  readonly kid: string;
  readonly aud: TokenClaims["aud"];
  readonly sub?: string;
  readonly iat: number;
  readonly flags: JsonObject;
}

export class SignedOverrideTokens implements OverrideTokens {
  readonly #parts: OverrideTokensParts;

  constructor(parts: OverrideTokensParts) {
    this.#parts = parts;
  }

  async issue({
    flags,
    subject,
    expiresAt,
    expiresIn,
    ...by
  }: AnyRequest = NOTHING): Promise<IssuedToken> {
    const keys = this.#keys;
    const { state, maxLife, log } = this.#parts;
    const { actor, reason, at: now } = state.attribution(by);
    const ends = expiryOf({ expiresAt, expiresIn }, { kind: "session", id: "" }, now) as number;
    if (ends > now + maxLife) {
      throw invalid(`A token is good for at most ${maxLife} ms (\`maxLife\`).`);
    }
    if (subject !== undefined && !isScopeId(subject)) {
      throw invalid("`subject` must be a user's id, a text of 1 to 512 characters.");
    }
    const iat = Math.floor(now / 1000);
    const claims: TokenClaims = {
      aud: keys.audience,
      ...(subject === undefined ? {} : { sub: subject }),
      iat,
      // Not longer than was asked for.
      exp: Math.max(Math.floor(ends / 1000), iat + 1),
      jti: randomBytes(16).toString("base64url"),
      flags: this.#checked(flags),
    };
    const { token, kid } = keys.sign(claims);
    if (token.length > MAX_TOKEN) {
      throw invalid(`The token would have ${token.length} characters, and takes ${MAX_TOKEN}.`);
    }
    if (state.replica.store !== undefined)
      await state.write(() => [record(claims, kid)], by, ISSUED);
    const { jti, exp } = claims;
    const names = Object.keys(claims.flags).join(", ");
    log.info(`Override token ${jti} for ${names} was issued by ${JSON.stringify(actor.id)}.`);
    return {
      token,
      ...said(keptOf(claims, kid)),
      jti,
      expiresAt: exp * 1000,
      actor,
      reason,
      revoked: false,
    };
  }

  /** As overrides of a scope are checked. */
  #checked(flags: AnyRequest["flags"]): JsonObject {
    const entries = Object.entries(flags ?? {}).filter(([, value]) => value !== undefined);
    if (entries.length === 0 || entries.length > MAX_TOKEN_FLAGS) {
      throw invalid(`A token has 1 to ${MAX_TOKEN_FLAGS} \`flags\`, not ${entries.length}.`);
    }
    const changes = new OverrideChanges(this.#parts.state);
    const checked = entries.map(([key, value]) => {
      const flagKey = changes.keyOf(key);
      const own = ownValue(value, key);
      checkWritable(own, flagKey, changes.flag(flagKey));
      return [flagKey, own] as const;
    });
    const byFlag = new Map(checked);
    if (byFlag.size < checked.length)
      throw invalid("Two of the `flags` are names of the same one.");
    return Object.fromEntries(byFlag);
  }

  async revoke(jti: string, by: Authorship = NOTHING): Promise<boolean> {
    const { audience } = this.#keys;
    const { state, revocations, maxLife, log } = this.#parts;
    if (!isTokenId(jti)) throw invalid("`jti` must be the id of a token.");
    const { actor, at: now } = state.attribution(by);
    if (revocations.has(jti)) return false;
    if (revocations.isFull(now)) {
      throw invalid(
        `There are ${MAX_REVOKED} revoked tokens already. Take their key out of \`overrideTokens.keys\` instead.`,
      );
    }
    const ends = (await this.#recordOf(jti))?.expiresAt ?? now + 2 * maxLife;
    // The first whose clock says so sweeps it away, for all.
    const until = ends + LEEWAY * 1000;
    let revoked = true;
    if (state.replica.store === undefined) revocations.keep(jti, until);
    else {
      const put = { value: true, expiresAt: until };
      const change = { what: "override", layer: "system", scope: "system", put } as const;
      const plan = () => [{ ...change, flagKey: revokedKey(jti), ifVersion: undefined }];
      const { changed } = await state.write(plan, by, revokedKey(jti));
      revoked = changed.includes(true);
    }
    log.info(
      `Override token ${jti} of ${audience.join("/")} was revoked by ${JSON.stringify(actor.id)}.`,
    );
    return revoked;
  }

  async #recordOf(jti: string): Promise<Override | undefined> {
    if (this.#parts.state.replica.store === undefined) return undefined;
    const scope = scopeKey({ kind: "session", id: jti });
    const { items } = await this.#parts.state.read((store) =>
      store.listOverrides({ flagKey: ISSUED, layer: "session", scope }, { limit: 1 }),
    );
    return items[0];
  }

  async list({ limit = 100, cursor }: ListPage = {}): Promise<Page<TokenRecord>> {
    const { state, revocations } = this.#parts;
    const page = await state.read((store) =>
      store.listOverrides({ flagKey: ISSUED, layer: "session" }, { limit, cursor }),
    );
    const now = state.clock();
    const items = page.items.flatMap(({ scope, value, expiresAt = 0, ...row }) => {
      const jti = (scope as { readonly id: string }).id;
      if (expiresAt <= now) return [];
      return {
        ...said(value as unknown as Kept),
        jti,
        expiresAt,
        actor: row.createdBy,
        reason: row.reason,
        revoked: revocations.has(jti),
      };
    });
    return { items, cursor: page.cursor };
  }

  inspect(token: string): TokenInspection {
    const claims = this.verify(String(token));
    if (typeof claims === "string") return { accepted: false, flaw: claims };
    const flaw = this.withdrawal(claims.jti);
    return flaw === undefined ? { accepted: true, claims } : { accepted: false, flaw };
  }

  /** What a token says, if it is one for here and now; else why not. */
  verify(token: string): TokenClaims | TokenFlaw {
    return this.#keys.verify(token, this.#parts.state.clock());
  }

  /**
   * Why a token is not heeded though it is one; `undefined`: it is. Asked when flags are read: a
   * request may come before the store has said what is revoked.
   */
  withdrawal(jti: string): "revoked" | "revocations_unknown" | undefined {
    const { state, revocations } = this.#parts;
    if (revocations.has(jti)) return "revoked";
    return state.replica.knowsOverrides ? undefined : "revocations_unknown";
  }

  get #keys(): TokenKeys {
    const { keys } = this.#parts;
    if (keys !== undefined) return keys;
    throw new HalyardError(
      "TOKENS_NOT_CONFIGURED",
      "There are no override tokens. Pass `overrideTokens: { application, keys: [{ kid, secret }] }`.",
    );
  }
}

/** Who issued what, and why, is in the audit with this; the store drops it when the token ends. */
function record(claims: TokenClaims, kid: string): OverrideChange {
  return {
    what: "override",
    flagKey: ISSUED,
    layer: "session",
    scope: scopeKey({ kind: "session", id: claims.jti }),
    put: { value: { ...keptOf(claims, kid) }, expiresAt: claims.exp * 1000 },
  };
}

function keptOf({ aud, sub, iat, flags }: TokenClaims, kid: string): Kept {
  return { kid, aud, ...(sub === undefined ? {} : { sub }), iat, flags };
}

function said({ kid, aud: [application, environment], sub, iat, flags }: Kept) {
  return { kid, application, environment, subject: sub, flags, issuedAt: iat * 1000 };
}
