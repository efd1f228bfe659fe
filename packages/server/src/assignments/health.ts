import type { AssignmentCache } from "./assignment-cache.ts";
import type { AssignmentWriter } from "./assignment-writer.ts";

/** How the assignments of an instance's experiments are. */
export interface AssignmentHealth {
  /** Whether the store answers: it is not spared for failing again and again, and takes writes. */
  readonly connected: boolean;
  /** Share of the units that were known when they were asked for, 0 to 1; null before the first. */
  readonly hit_rate: number | null;
  /** Units that are known here. */
  readonly size: number;
  readonly max_size: number;
  /** Assignments that wait to be written. */
  readonly waiting: number;
  /** Assignments that were not written: too many waited, or there was no time left at the end. */
  readonly dropped: number;
}

export function assignmentHealth(
  { counts: { hits, misses }, circuitOpen, size, max }: AssignmentCache,
  writer: AssignmentWriter,
): AssignmentHealth {
  return {
    connected: !circuitOpen && !writer.isFailing,
    hit_rate: hits + misses === 0 ? null : hits / (hits + misses),
    size,
    max_size: max,
    waiting: writer.size,
    dropped: writer.dropped,
  };
}
