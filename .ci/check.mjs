// Everything that a change has to pass, in one command. Goes on after a failure; the last line
// counts the tests and the steps.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { builtStep, consumersStep, nodesStep } from "./nodes.mjs";
import { step, summary, testStep } from "./steps.mjs";
import { npm, tarballs } from "./workspace.mjs";

const node = process.execPath;

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
// Random documents against the reference interpreter: more of them here than by default.
process.env.HALYARD_PROPERTY_RUNS ??= "50000";
testStep("Tests", [...npm(), "test", "--"]);
testStep("Soak", ["vitest", "run", "--project", "soak"]);
step("Dead code", ["knip"]);
// A build that fails must not leave an older build's tarballs to the steps after it.
rmSync(tarballs, { recursive: true, force: true });
step("Build and pack", [node, ".ci/build.mjs"], [node, ".ci/pack.mjs"]);
step("Published manifests (publint)", ...packed().map((file) => ["publint", "--strict", file]));
step(
  "Published types (attw)",
  ...packed().map((file) => ["attw", "--profile", "node16", "--format", "ascii", file]),
);
const nodes = nodesStep();
// The rest of the tests on these versions is for `npm run test:nodes`, which takes longer.
const suites = [
  "test/conformance",
  ...["express", "koa", "fastify"].map((name) => `packages/${name}`),
];
for (const version of nodes) builtStep(version, "esm", suites);
consumersStep(nodes);
summary();
