import type { Override } from "@halyard/core";

/** What a store keeps of each token that was issued: an override that no flag has. */
export const ISSUED = "halyard/override-tokens";

/**
 * What a store keeps of each token that was revoked: an override for everybody, since those are in
 * every process as soon as they are written.
 */
const REVOKED = "halyard/revoked-tokens/";

/** Most revoked tokens: every process holds them. */
export const MAX_REVOKED = 10_000;

export function revokedKey(jti: string): string {
  return REVOKED + jti;
}

/** Whether a key names no flag but what is kept of tokens, which nobody else writes. */
export function isTokenRecord(key: string): boolean {
  return key === ISSUED || key.startsWith(REVOKED);
}

/** Whether it is an override indeed. */
export function isOverride({ flagKey }: Override): boolean {
  return !isTokenRecord(flagKey);
}

/** Tokens that are not heeded any more. */
export class Revocations {
  #stored: ReadonlySet<string> = new Set();
  /** Of this process alone, where there is no store; until when each is needed. */
  readonly #own = new Map<string, number>();

  has(jti: string): boolean {
    return this.#stored.has(jti) || this.#own.has(jti);
  }

  /** Whether there are as many as there may be. */
  isFull(now: number): boolean {
    for (const [jti, until] of this.#own) if (until <= now) this.#own.delete(jti);
    return this.#stored.size + this.#own.size >= MAX_REVOKED;
  }

  /** Takes the revocations out of what a store has for everybody, and gives the rest. */
  take(overrides: readonly Override[]): readonly Override[] {
    const taken = overrides.filter(({ flagKey }) => flagKey.startsWith(REVOKED));
    this.#stored = new Set(taken.map(({ flagKey }) => flagKey.slice(REVOKED.length)));
    return taken.length === 0
      ? overrides
      : overrides.filter(({ flagKey }) => !flagKey.startsWith(REVOKED));
  }

  /** Keeps one in this process until the token would have ended anyway, in epoch milliseconds. */
  keep(jti: string, until: number): void {
    this.#own.set(jti, until);
  }
}
