import { analyticsTests } from "./analytics.ts";
import { anonymousTests } from "./anonymous.ts";
import { assignmentTests } from "./assignments.ts";
import { type Check, checker, type TestFunctions } from "./bench.ts";
import { cachingTests } from "./caching.ts";
import { contextTests } from "./contexts.ts";
import { featureTests } from "./features.ts";
import { guardTests } from "./guards.ts";
import type { AdapterHarness } from "./harness.ts";
import { hostileTests } from "./hostile.ts";
import { identityTests } from "./identity.ts";
import { listingTests } from "./listing.ts";
import { misuseTests } from "./misuse.ts";
import { mountTests } from "./mounts.ts";
import { overrideTokenTests } from "./override-tokens.ts";
import { sampleTests } from "./samples.ts";
import { snapshotTests } from "./snapshots.ts";
import { startupTests } from "./startup.ts";
import { storageTests } from "./storage.ts";
import { streamTests } from "./streams.ts";
import { subjectTests } from "./subjects.ts";
import { tokenAttackTests } from "./token-attacks.ts";
import { tracingTests } from "./tracing.ts";
import { urlOverrideTests } from "./url-overrides.ts";
import { usageTests } from "./usage.ts";
import { variantTests } from "./variants.ts";

const PARTS: readonly ((check: Check) => void)[] = [
  guardTests,
  variantTests,
  analyticsTests,
  anonymousTests,
  assignmentTests,
  cachingTests,
  contextTests,
  featureTests,
  hostileTests,
  identityTests,
  listingTests,
  misuseTests,
  mountTests,
  sampleTests,
  snapshotTests,
  startupTests,
  storageTests,
  streamTests,
  subjectTests,
  usageTests,
  urlOverrideTests,
  overrideTokenTests,
  tokenAttackTests,
];

/**
 * What every adapter must do alike, over real servers. The test functions are passed in, so that
 * this runs under any runner: `adapterSuite(harness, { describe, it, tracing })`.
 */
export function adapterSuite(harness: AdapterHarness, functions: TestFunctions): void {
  functions.describe(`the adapter suite on ${harness.name}`, () => {
    const check = checker(harness, functions);
    for (const part of PARTS) part(check);
    tracingTests(check, functions.tracing);
  });
}
