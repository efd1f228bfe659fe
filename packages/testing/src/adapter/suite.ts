import { anonymousTests } from "./anonymous.ts";
import { type Check, checker, type TestFunctions } from "./bench.ts";
import { contextTests } from "./contexts.ts";
import { guardTests } from "./guards.ts";
import type { AdapterHarness } from "./harness.ts";
import { hostileTests } from "./hostile.ts";
import { identityTests } from "./identity.ts";
import { listingTests } from "./listing.ts";
import { misuseTests } from "./misuse.ts";
import { mountTests } from "./mounts.ts";
import { snapshotTests } from "./snapshots.ts";
import { startupTests } from "./startup.ts";
import { storageTests } from "./storage.ts";
import { subjectTests } from "./subjects.ts";
import { tracingTests } from "./tracing.ts";
import { variantTests } from "./variants.ts";

const PARTS: readonly ((check: Check) => void)[] = [
  guardTests,
  variantTests,
  anonymousTests,
  contextTests,
  hostileTests,
  identityTests,
  listingTests,
  misuseTests,
  mountTests,
  snapshotTests,
  startupTests,
  storageTests,
  subjectTests,
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
