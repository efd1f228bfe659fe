export type { AssignmentHarness, AssignmentPlace } from "./harness.ts";
export { assignmentSuite } from "./suite.ts";
