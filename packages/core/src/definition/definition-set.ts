import type { Condition, Flag } from "./flag.ts";
import type { Problem } from "./problems.ts";

/** Checked definitions: every name that they mention is defined. What the compiler takes. */
export interface DefinitionSet {
  readonly flags: ReadonlyMap<string, Flag>;
  readonly segments: ReadonlyMap<string, Condition>;
  /** Old key → key of a flag, chains resolved. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** What loading found out, beside the definitions themselves. */
export interface LoadReport {
  /** Not wrong, but worth a look. */
  readonly warnings: readonly Problem[];
  /** Flag → name of the source that defines it. */
  readonly owners: ReadonlyMap<string, string>;
  /** Segment → name of the source that defines it. */
  readonly segmentOwners: ReadonlyMap<string, string>;
  /** Flags that a source defines in vain, because one before it does so too. */
  readonly shadowed: readonly Shadowed[];
}

export interface Shadowed {
  readonly key: string;
  /** The source that is not heard. */
  readonly source: string;
  /** The source that is. */
  readonly by: string;
}

export type LoadResult = LoadReport &
  (
    | { readonly set: DefinitionSet; readonly problems: readonly [] }
    | { readonly set: undefined; readonly problems: readonly Problem[] }
  );
