import type { Log } from "./log.ts";

/** More open instances than this in a process are taken for one made per request. */
const MOST_INSTANCES = 10;

// Counted across copies of this package, so the count can't be a variable of this module.
const COUNT = Symbol.for("halyard.openInstances");

interface Counter {
  [COUNT]?: number;
}

/** Counts an instance until it is released, and says so when there are suspiciously many. */
export function countInstance(log: Log): () => void {
  const counter = globalThis as Counter;
  const count = (counter[COUNT] ?? 0) + 1;
  counter[COUNT] = count;
  if (count > MOST_INSTANCES) {
    log.misuse(
      "MANY_INSTANCES",
      `${count} instances of Halyard are open in this process. Make one at start, not one inside a handler, and close those that are no longer needed.`,
    );
  }
  return () => {
    counter[COUNT] = (counter[COUNT] ?? 1) - 1;
  };
}
