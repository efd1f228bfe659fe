import type { Store } from "@halyard/core";

/** What someone who wrote a store writes for the suite. */
export interface StoreHarness {
  /** For people: the store, and its driver where there are several. */
  readonly name: string;
  /** Makes a place for data, empty and apart from all others. */
  readonly create: () => Promise<StorePlace>;
  /** Whether several stores can be opened at one place, as several processes do. */
  readonly shared: boolean;
  /** Whether several of them may write at once. */
  readonly manyWriters: boolean;
  /** How much of its audit a store keeps that is opened with this `auditLimit`. Absent: all of it. */
  readonly audit?: { readonly limit: number; readonly of: "entries" | "writes" } | undefined;
}

export interface StorePlace {
  /** Opens a store on the place; each time another one, where places are shared. */
  readonly open: (options?: OpenOptions) => Store;
  /** Takes away all that was written, behind the stores' backs. */
  readonly lose?: (() => Promise<void>) | undefined;
  /** Removes the place. Stores that were opened are closed by then. */
  readonly remove: () => Promise<void>;
}

export interface OpenOptions {
  /** `false`: without being told of changes, so that they are found by looking. */
  readonly push?: boolean | undefined;
  /** Milliseconds between looks. */
  readonly pollInterval?: number | undefined;
  /** How much of the audit is kept, where that can be said. */
  readonly auditLimit?: number | undefined;
}
