import {
  type AnyContext,
  hideFlags,
  type JsonValue,
  type Override,
  OverrideSet,
  type Precedence,
  resolveKey,
  type Snapshot,
  type SubjectLoader,
  type SubjectView,
  stateOf,
  subjectOf,
} from "@halyard/core";
import { followAlias } from "../subjects/subject-loader.ts";
import type { TokenClaims, TokenFlaw } from "./token.ts";
import { type UrlOverrides, valueOfUrlText } from "./url-overrides.ts";

/** What one request brought along that is heeded here, whoever the caller turns out to be. */
export interface Brought {
  readonly url: UrlOverrides;
  readonly tokens: readonly TokenClaims[];
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface BroughtOptions {
  /** What a store knows of subjects; absent without one. */
  readonly inner: SubjectLoader | undefined;
  readonly precedence: Precedence;
  /** Why a token is not heeded though it is one; `undefined`: it is. */
  readonly withdrawal: (jti: string) => "revoked" | "revocations_unknown" | undefined;
  /** Told once of what the caller's reads see, when that is known. */
  readonly onApplied: (keys: readonly string[], origins: ReadonlySet<string>) => void;
  /** Told of tokens that turn out to be revoked, or for somebody else. */
  readonly onRefused: (flaw: TokenFlaw) => void;
}

/** Where overrides apply that a request brought: in the layer of sessions. */
const SCOPE: Override["scope"] = Object.freeze({ kind: "session", id: "request" });

/** Joins what a request brought to what a store knows of its subject; for that request alone. */
export class BroughtOverrides implements SubjectLoader {
  readonly #brought: Brought;
  readonly #options: BroughtOptions;
  /** Keys that reads see an override of; `undefined` before the first read. */
  applied: readonly string[] | undefined;

  constructor(brought: Brought, options: BroughtOptions) {
    this.#brought = brought;
    this.#options = options;
  }

  unopened(snapshot: Snapshot): Snapshot {
    return this.#options.inner?.unopened(snapshot) ?? hideFlags(snapshot, "unopened");
  }

  load(context: AnyContext): Promise<void> | undefined {
    return this.#options.inner?.load(context);
  }

  open(context: AnyContext, snapshot: Snapshot): SubjectView {
    const { inner, precedence } = this.#options;
    const view = inner?.open(context, snapshot) ?? {
      snapshot,
      context,
      overrides: undefined,
      known: true,
    };
    // Without definitions nobody knows which flags may be overridden.
    if (!view.snapshot.ready || view.snapshot.hidden !== undefined) return view;
    const { flags, aliases } = view.snapshot;
    const overrides = this.#overrides(context, view.snapshot).map((override) =>
      followAlias(override, aliases),
    );
    if (overrides.length === 0) {
      this.applied ??= [];
      return view;
    }
    const definition = (key: string) => flags.get(key)?.flag;
    const set = (view.overrides ?? new OverrideSet([], definition, precedence)).joinedBy(
      overrides,
      definition,
    );
    this.#note(overrides, set, view.snapshot);
    return { ...view, overrides: set };
  }

  /** The URL's first: it is closest at hand. */
  #overrides(context: AnyContext, snapshot: Snapshot): readonly Override[] {
    const { url, tokens, at } = this.#brought;
    const found: Override[] = [];
    for (const [key, text] of url) {
      // Whoever writes a URL makes no flags.
      const flag = snapshot.flags.get(resolveKey(key, snapshot.aliases))?.flag;
      const value = flag && valueOfUrlText(text, flag);
      if (value !== undefined) found.push(override(key, value, "url", at, undefined));
    }
    for (const claims of tokens) {
      const { jti, sub, iat, exp, flags } = claims;
      if (this.#isFor(context, jti, sub)) {
        for (const [key, value] of Object.entries(flags)) {
          found.push(override(key, value, `token:${jti}`, iat * 1000, exp * 1000));
        }
      }
    }
    return found;
  }

  #isFor(context: AnyContext, jti: string, sub: string | undefined): boolean {
    const { withdrawal, onRefused } = this.#options;
    const isOther = sub !== undefined && subjectOf(context).user !== sub;
    const flaw = withdrawal(jti) ?? (isOther ? "other_subject" : undefined);
    if (flaw !== undefined) onRefused(flaw);
    return flaw === undefined;
  }

  #note(overrides: readonly Override[], set: OverrideSet, snapshot: Snapshot): void {
    const clocked = { now: this.#brought.at };
    const origins = new Set<string>();
    const keys = new Set(overrides.map(({ flagKey }) => flagKey));
    const applied = [...keys].filter((key) => {
      const own = set.find(key, clocked);
      const origin = own?.override.origin;
      if (own === undefined || origin === undefined) return false;
      const wide = snapshot.overrides?.find(key, clocked);
      if (wide !== undefined && wide.priority >= own.priority) return false;
      origins.add(origin);
      return true;
    });
    const isFirst = this.applied === undefined;
    this.applied = applied;
    if (isFirst && applied.length > 0) this.#options.onApplied(applied, origins);
  }
}

function override(
  flagKey: string,
  value: JsonValue,
  origin: string,
  at: number,
  expiresAt: number | undefined,
): Override {
  const actor = { id: origin, type: "request" };
  return {
    flagKey,
    layer: "session",
    scope: SCOPE,
    state: stateOf(value),
    value,
    reason: undefined,
    actor,
    createdAt: at,
    createdBy: actor,
    updatedAt: at,
    expiresAt,
    version: 0,
    origin,
  };
}
