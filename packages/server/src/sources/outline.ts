import type { LineIndex } from "./text.ts";

/**
 * Where the parts of a long text start. It tells the entries only of objects and lists that take
 * up more than {@link OUTLINED} characters, so it stays small; what is inside a smaller one is
 * found by parsing that piece of the text alone. Positions in a text of megabytes are had in
 * microseconds that way, without keeping its syntax tree.
 */
export interface Outline {
  /** Names of the entries of an object; absent for a list. */
  readonly keys?: readonly string[];
  /** Offset of each entry's key, or of each element. */
  readonly starts: readonly number[];
  /** Offset at which what follows starts. */
  readonly end: number;
  /** By index, the outlines of those entries that are large themselves. */
  readonly inner: ReadonlyMap<number, Outline>;
}

/** What is kept of a large text for finding positions in it. */
export interface Layout {
  readonly outline: Outline;
  readonly lines: LineIndex;
}

/** Characters; what parsing takes less than a few milliseconds for. */
export const OUTLINED = 32_768;

/** The names and indices that a JSON Pointer (RFC 6901) consists of. */
export function tokensOf(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function pointerOf(tokens: readonly (string | number)[]): string {
  return tokens
    .map((token) => `/${String(token).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** Index of an entry by its key, or of an element by its number; -1 when there is none. */
export function entryOf(outline: Outline, token: string): number {
  if (outline.keys !== undefined) return outline.keys.indexOf(token);
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
  return index < outline.starts.length ? index : -1;
}
