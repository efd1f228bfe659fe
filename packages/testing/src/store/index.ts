export type { TestFunctions } from "./bench.ts";
export type { OpenOptions, StoreHarness, StorePlace } from "./harness.ts";
export { storeSuite } from "./suite.ts";
