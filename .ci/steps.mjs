// Steps of a check: each goes on after another's failure, and the last line counts everything.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson, run } from "./workspace.mjs";

const reports = mkdtempSync(join(tmpdir(), "halyard-check-"));
const results = [];

if (!process.stdout.isTTY) process.env.NO_COLOR = "1";

function heading(text) {
  console.log(`\n━━━ ${text} ${"━".repeat(Math.max(0, 80 - text.length))}`);
}

function record(name, work) {
  heading(name);
  const start = performance.now();
  const ok = work();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const result = { name, ok, seconds, tests: { passed: 0, failed: 0, skipped: 0 } };
  results.push(result);
  return result;
}

/** Runs the commands in order until one fails. A step without any command has failed. */
export function step(name, ...commands) {
  record(name, () => commands.length > 0 && commands.every((command) => run(command).status === 0));
}

/** A step that runs Vitest; the report says how many tests there were. */
export function testStep(name, command, env = {}) {
  const report = join(reports, `${results.length}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const result = record(name, () => run([...command, ...reporters], { env }).status === 0);
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = readJson(report);
    const skipped = numPendingTests + numTodoTests;
    result.tests = { passed: numPassedTests, failed: numFailedTests, skipped };
  } catch {
    console.error("Vitest left no report.");
  }
  if (result.tests.passed + result.tests.failed === 0) result.ok = false;
}

/** A step that is a function, which throws when it fails; its result, or `otherwise`. */
export function workStep(name, work, otherwise) {
  let value = otherwise;
  record(name, () => {
    try {
      value = work();
      return true;
    } catch (error) {
      console.error(error.message);
      return false;
    }
  });
  return value;
}

/** Prints what became of every step, and sets the exit code. */
export function summary() {
  rmSync(reports, { recursive: true, force: true });
  heading("Summary");
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, ok, seconds, tests } of results) {
    total.passed += tests.passed + (ok ? 1 : 0);
    total.failed += tests.failed + (ok ? 0 : 1);
    total.skipped += tests.skipped;
    const counts = [
      `${seconds} s`,
      tests.passed + tests.failed > 0 && `${tests.passed + tests.failed} tests`,
      tests.skipped > 0 && `${tests.skipped} skipped`,
    ];
    console.log(`${ok ? "ok    " : "FAILED"} ${name} (${counts.filter(Boolean).join(", ")})`);
  }
  if (total.skipped > 0) console.log(`${total.skipped} skipped`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}
