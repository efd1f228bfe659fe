export type { TestFunctions } from "./bench.ts";
export {
  type AdapterHarness,
  type Answer,
  type AppDescription,
  answerToError,
  type Call,
  type ChoiceDescription,
  type Differences,
  type GuardDescription,
  type Handler,
  type Headers,
  type RouteDescription,
  type RunningApp,
} from "./harness.ts";
export { adapterSuite } from "./suite.ts";
export type { RecordedSpan, Tracing, TracingKit } from "./tracing.ts";
