/** The variant that a unit (a user, a company) is to keep in an experiment. */
export interface Assignment {
  /** Value of the attribute that the experiment goes by. */
  readonly unit: string;
  /** Opaque: as `experimentOf` makes it of a flag's key and a rollout's salt. */
  readonly experiment: string;
  /** Name of the variant. */
  readonly variant: string;
}

/** An assignment to be made, unless there is one. */
export interface NewAssignment extends Assignment {
  /** A variant that the flag has no more: where it is what stands, it is replaced. */
  readonly replaces?: string | undefined;
}

/**
 * Where experiments' assignments are kept, so that changed weights move nobody. Several processes
 * may share one: the first assignment stands, and every other process is told so. Methods reject
 * with a `HalyardError`: `STORE_READ_FAILED`, `STORE_WRITE_FAILED`, `CLOSED`. None is asked while a
 * flag is read.
 */
export interface AssignmentStore {
  /** For people: `memory`, `redis`. */
  readonly name: string;
  /** For each unit, in their order: experiment → variant. In one round trip. */
  readonly load: (units: readonly string[]) => Promise<readonly ReadonlyMap<string, string>[]>;
  /**
   * Makes each assignment unless its unit has one in its experiment. For each, in their order, the
   * variant that stands then.
   */
  readonly assign: (assignments: readonly NewAssignment[]) => Promise<readonly string[]>;
  /** Ends connections that were opened here. Idempotent. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Longest unit that is assigned, in UTF-16 units: longer ones go by their bucket alone. */
export const MAX_UNIT = 512;

/** What assignments are kept for. No flag's key has a colon, so no two have the same. */
export function experimentOf(flagKey: string, salt: string): string {
  return `${flagKey}:${salt}`;
}
