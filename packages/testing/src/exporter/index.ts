export { exposure, exposures, recordOf } from "./events.ts";
export type { ExporterHarness, ExporterPlace } from "./harness.ts";
export { exporterSuite } from "./suite.ts";
