import type { AssignmentStore } from "@halyard/core";

/** What someone who wrote a store of assignments writes for the suite. */
export interface AssignmentHarness {
  /** For people: the store, and its driver where there are several. */
  readonly name: string;
  /** Makes a place for assignments, empty and apart from all others. */
  readonly create: () => Promise<AssignmentPlace>;
}

export interface AssignmentPlace {
  /** Opens a store on the place; each time another one, where several processes can share it. */
  readonly open: () => AssignmentStore;
  /** Removes the place. Stores that were opened are closed by then. */
  readonly remove: () => Promise<void>;
}
