import type { BenchFlag, BenchUser } from "./flags.ts";

export const SCENARIOS = [
  "off",
  "on",
  "rule",
  "rollout",
  "variants",
  "ten",
  "semver",
  "details",
  "missing",
  "another",
  "all",
] as const;

export type Scenario = (typeof SCENARIOS)[number];

/** One read as an application writes it. The number is that of the read, for those that vary. */
export interface Read {
  /** Returns a promise where that is how the product is read. */
  readonly run: (index: number) => unknown;
  readonly async?: boolean;
  /** The plain value in what `run` gave, to see that everybody answers the same. */
  readonly plain?: (result: never) => unknown;
}

/** What cannot be expressed with the product is absent. */
export type Reads = { readonly [S in Scenario]?: Read | undefined };

export interface Contestant {
  readonly name: string;
  readonly open: (
    flags: readonly BenchFlag[],
    users: readonly BenchUser[],
  ) => Promise<Reads> | Reads;
}

/** The item of a read's number, in turn. */
export function inTurn<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
