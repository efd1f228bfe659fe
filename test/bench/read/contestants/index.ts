import type { Contestant } from "../contestant.ts";

/** By the name of the file; each is imported only by the process that runs it. */
export const CONTESTANTS = {
  halyard: async (): Promise<Contestant> => (await import("./halyard.ts")).halyard,
  ceiling: async (): Promise<Contestant> => (await import("./ceiling.ts")).ceiling,
  launchdarkly: async (): Promise<Contestant> => (await import("./launchdarkly.ts")).launchdarkly,
  unleash: async (): Promise<Contestant> => (await import("./unleash.ts")).unleash,
  growthbook: async (): Promise<Contestant> => (await import("./growthbook.ts")).growthbook,
  openfeature: async (): Promise<Contestant> => (await import("./openfeature.ts")).openfeature,
  flagd: async (): Promise<Contestant> => (await import("./flagd.ts")).flagd,
  configcat: async (): Promise<Contestant> => (await import("./configcat.ts")).configcat,
  gauge: async (): Promise<Contestant> => (await import("./gauge.ts")).gauge,
};

export type ContestantName = keyof typeof CONTESTANTS;
