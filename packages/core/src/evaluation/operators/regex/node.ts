import type { CodePoints } from "./code-points.ts";

/** A parsed pattern of the common subset. Groups are gone: what they hold stands in their place. */
export type RegexNode =
  | { readonly kind: "set"; readonly set: CodePoints }
  | { readonly kind: "assertion"; readonly holds: Assertion }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "alternatives"; readonly options: readonly RegexNode[] }
  | Repeat;

/** `max` is Infinity for `*`, `+` and `{n,}`. Whether it is lazy does not matter to a test. */
export interface Repeat {
  readonly kind: "repeat";
  readonly item: RegexNode;
  readonly min: number;
  readonly max: number;
}

/** At the start or the end of the whole text, or at an ASCII word boundary. */
export type Assertion = "start" | "end" | "wordBoundary";
