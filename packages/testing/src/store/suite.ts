import { auditTests } from "./audit.ts";
import { type Check, checker, type TestFunctions } from "./bench.ts";
import { closingTests } from "./closing.ts";
import { concurrencyTests } from "./concurrency.ts";
import { contentsTests } from "./contents.ts";
import { groupTests } from "./groups.ts";
import type { StoreHarness } from "./harness.ts";
import { hostileTests } from "./hostile.ts";
import { listTests } from "./lists.ts";
import { noticeTests } from "./notices.ts";
import { overrideTests } from "./overrides.ts";
import { proposalTests } from "./proposals.ts";
import { retentionTests } from "./retention.ts";
import { writeTests } from "./writes.ts";

const PARTS: readonly ((check: Check) => void)[] = [
  contentsTests,
  writeTests,
  overrideTests,
  groupTests,
  listTests,
  auditTests,
  hostileTests,
  closingTests,
];

/**
 * What every store must do alike, on whatever keeps its data. The test functions are passed in, so
 * that this runs under any runner: `storeSuite(harness, { describe, it })`.
 */
export function storeSuite(harness: StoreHarness, functions: TestFunctions): void {
  functions.describe(`the store suite on ${harness.name}`, () => {
    const check = checker(harness, functions);
    for (const part of PARTS) part(check);
    retentionTests(check, harness);
    noticeTests(check, harness);
    proposalTests(check, harness);
    concurrencyTests(check, harness);
  });
}
