import { createRequire } from "node:module";
import type FastCheck from "fast-check";

// Stands in for fast-check while mutants are run: the same values each time, and few of them,
// since what they are to find is found by thousands of mutants one after the other. The first failure
// is enough: looking for the smallest one takes longer than all tests together.

const real = createRequire(import.meta.url)("fast-check") as typeof FastCheck;

const MOST_RUNS = 50;

const assert: typeof FastCheck.assert = (property, parameters = {}) => {
  const numRuns = Math.min(parameters.numRuns ?? MOST_RUNS, MOST_RUNS);
  return real.assert(
    property as never,
    { ...parameters, numRuns, seed: 1, endOnFailure: true } as never,
  );
};

const fewRuns: typeof FastCheck = { ...real, assert };
export default fewRuns;
