// Everything that a change has to pass, in one command. Goes on after a failure; the last line
// counts the tests and the steps.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npm, readJson, run, tarballs } from "./workspace.mjs";

const reports = mkdtempSync(join(tmpdir(), "halyard-check-"));
const node = process.execPath;
const results = [];

if (!process.stdout.isTTY) process.env.NO_COLOR = "1";

function heading(text) {
  console.log(`\n━━━ ${text} ${"━".repeat(Math.max(0, 80 - text.length))}`);
}

/** Runs the commands in order until one fails. A step without any command has failed. */
function step(name, ...commands) {
  heading(name);
  const start = performance.now();
  const ok = commands.length > 0 && commands.every((command) => run(command).status === 0);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  results.push({
    name,
    ok,
    seconds,
    tests: { passed: 0, failed: 0, skipped: 0 },
  });
}

/** A step that runs Vitest; the report says how many tests there were. */
function testStep(name, command) {
  const report = join(reports, `${results.length}.json`);
  step(name, [...command, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  const result = results.at(-1);
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = readJson(report);
    const skipped = numPendingTests + numTodoTests;
    result.tests = { passed: numPassedTests, failed: numFailedTests, skipped };
  } catch {
    console.error("Vitest left no report.");
  }
  if (result.tests.passed + result.tests.failed === 0) result.ok = false;
}

function packed() {
  try {
    return readdirSync(tarballs).map((name) => join(tarballs, name));
  } catch {
    return [];
  }
}

step("Install", [node, ".ci/setup.mjs"]);
step("Format and lint", ["biome", "ci", ...(process.env.NO_COLOR ? ["--colors=off"] : [])]);
step("Types", ["tsc"]);
testStep("Tests", [...npm(), "test", "--"]);
step("Dead code", ["knip"]);
// A build that fails must not leave an older build's tarballs to the steps after it.
rmSync(tarballs, { recursive: true, force: true });
step("Build and pack", [node, ".ci/build.mjs"], [node, ".ci/pack.mjs"]);
step("Published manifests (publint)", ...packed().map((file) => ["publint", "--strict", file]));
step(
  "Published types (attw)",
  ...packed().map((file) => ["attw", "--profile", "node16", "--format", "ascii", file]),
);
testStep("Packages in consumers' projects", ["vitest", "run", "--project", "packaging"]);

rmSync(reports, { recursive: true, force: true });

heading("Summary");
const total = { passed: 0, failed: 0, skipped: 0 };
for (const { name, ok, seconds, tests } of results) {
  total.passed += tests.passed + (ok ? 1 : 0);
  total.failed += tests.failed + (ok ? 0 : 1);
  total.skipped += tests.skipped;
  const ran = tests.passed + tests.failed;
  console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s${ran ? `, ${ran} tests` : ""})`);
}
const skipped = total.skipped ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;
