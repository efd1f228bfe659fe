// All tests of the packages, as built, in both formats, and all consumers' projects, on every
// version of Node. The check runs a part of this.
import { builtStep, consumersStep, nodesStep } from "./nodes.mjs";
import { step, summary } from "./steps.mjs";

const node = process.execPath;

step("Build and pack", [node, ".ci/build.mjs"], [node, ".ci/pack.mjs"]);
const nodes = nodesStep();
for (const version of nodes) {
  builtStep(version, "esm");
  builtStep(version, "cjs");
}
consumersStep(nodes);
summary();
