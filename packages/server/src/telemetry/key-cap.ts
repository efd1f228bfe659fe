import type { EvaluationDetails } from "@halyard/core";

/** Stands for all keys beyond the most that are told apart. No key of a flag begins like this. */
export const OTHER = "_other";

/** Longest text that is written out, in characters: a key may be what a client sent. */
const MAX_TEXT = 256;

export function cut(written: string): string {
  return written.length > MAX_TEXT ? `${written.slice(0, MAX_TEXT)}…` : written;
}

/** The first keys by their names, all others by one: what is counted by key must stay bounded. */
export class KeyCap {
  readonly #max: number;
  readonly #known = new Set<string>();
  readonly #missing = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Keys of no flag, which anybody can think of, do not crowd out those of flags. */
  nameOf({ flagKey, errorCode }: Pick<EvaluationDetails, "flagKey" | "errorCode">): string {
    return errorCode === undefined || errorCode === "TYPE_MISMATCH"
      ? nameWithin(this.#known, flagKey, this.#max)
      : nameWithin(this.#missing, flagKey, Math.ceil(this.#max / 10));
  }
}

function nameWithin(names: Set<string>, key: string, max: number): string {
  const name = cut(key);
  if (names.has(name)) return name;
  if (names.size >= max) return OTHER;
  names.add(name);
  return name;
}
