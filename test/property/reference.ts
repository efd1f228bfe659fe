/**
 * A second implementation of flag evaluation, to hold the first against: written from the
 * specification alone, in the plainest way, without regard for speed. Expects valid documents.
 */
export { evaluate, type WrittenOverride } from "./reference/evaluate.ts";
export { bucketOf, finalise, murmur3 } from "./reference/murmur3.ts";
export { definitionsOf } from "./reference/normalise.ts";
export { operatorName, SINGLE, takes } from "./reference/operators.ts";
