/** Contexts that each random document is evaluated for. */
export const CONTEXTS = 10;

const MODEST = 3_000;

/** How many evaluations of a document in a context a property takes; a share of it for small ones. */
export function parameters(share = 1): { numRuns: number } {
  const wanted = Number(process.env.HALYARD_PROPERTY_RUNS ?? MODEST);
  return { numRuns: Math.max(10, Math.ceil((wanted / CONTEXTS) * share)) };
}

/** Properties are synchronous, and long when many runs are asked for. */
export const TIMEOUT = 600_000;
