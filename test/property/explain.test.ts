import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type {
  ConditionTrace,
  EvaluationDetails,
  Explanation,
  ServeTrace,
  StepTrace,
} from "../../packages/core/src/index.ts";
import type { Scene } from "./generate/document.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { TIMEOUT } from "./runs.ts";
import { checkScenes } from "./scenes.ts";

describe("explain", () => {
  it(
    "gives the details that details gives, and a trace that adds up to them",
    () => checkScenes(checkAll, 0.3),
    TIMEOUT,
  );
});

function checkAll(scene: Scene): void {
  const snapshot = snapshotOf(load(scene.document), scene);
  for (const context of scene.contexts) {
    const client = clientOf(snapshot, context);
    for (const key of scene.keys) {
      const details = client.details(key);
      const explanation = client.explain(key);
      assert.deepEqual(explanation.details, details);
      assert.equal(explanation.flagKey, details.flagKey);
      assert.equal(explanation.requestedKey, key);
      checkOverrides(explanation);
      checkSteps(explanation.steps, details);
    }
  }
}

function checkOverrides({ overrides, details, steps }: Explanation): void {
  const served = overrides.filter(({ outcome }) => outcome === "served");
  assert.equal(served.length, details.cause === "OVERRIDE" ? 1 : 0);
  const priorities = overrides.map(({ priority }) => priority);
  assert.deepEqual(
    priorities,
    [...priorities].sort((a, b) => b - a),
  );
  if (served.length === 0) return;
  assert.deepEqual(steps, []);
  assert.deepEqual(served[0]?.value, details.value);
}

const DECIDING: Readonly<Record<string, StepTrace["step"]>> = {
  OFF: "off",
  PREREQUISITE_FAILED: "prerequisite",
  TARGET_MATCH: "target",
  RULE_MATCH: "rule",
  FALLTHROUGH: "fallthrough",
};

function checkSteps(steps: readonly StepTrace[], details: EvaluationDetails): void {
  assert.equal(steps.at(-1)?.step, DECIDING[details.cause]);
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1;
    checkStep(step, details);
    assert.equal(decides(step), last);
    // Straight to the fallthrough: nothing in between.
    if (step.step === "rule" && step.outcome === "fallthrough") {
      assert.equal(steps[index + 1]?.step, "fallthrough");
    }
  }
}

function decides(step: StepTrace): boolean {
  if (step.step === "prerequisite") return !step.outcome;
  if (step.step === "target") return step.outcome;
  return step.step !== "rule" || step.outcome === "served";
}

function checkStep(step: StepTrace, details: EvaluationDetails): void {
  if (step.step === "prerequisite") assert.equal(step.served === step.expected, step.outcome);
  if (step.step === "target" && step.outcome) assert.equal(step.variant, details.variant);
  if (step.step === "fallthrough") {
    if (step.outcome === "served") assert.equal(step.serve?.variant, details.variant);
    if (step.serve !== undefined) checkServe(step.serve, step.outcome === "served");
  }
  if (step.step !== "rule") return;
  const held = step.condition === undefined || recombined(step.condition);
  assert.equal(step.outcome !== "no match", held);
  assert.equal(step.serve !== undefined, held);
  if (step.serve !== undefined) checkServe(step.serve, step.outcome === "served");
  if (step.outcome !== "served") return;
  assert.equal(step.ruleId, details.ruleId);
  assert.equal(step.serve?.variant, details.variant);
}

/** The outcome that the parts give; equal to the one that is shown. */
function recombined(trace: ConditionTrace): boolean {
  if (trace.kind === "clause") {
    const { op, negate } = trace;
    if (trace.actual === undefined)
      assert.equal(trace.outcome, op === (negate ? "exists" : "notExists"));
    return trace.outcome;
  }
  let outcome: boolean;
  if (trace.kind === "not") outcome = !recombined(trace.condition);
  else if (trace.kind === "segment") outcome = recombined(trace.condition);
  else {
    const parts = trace.conditions.map(recombined);
    outcome = trace.kind === "all" ? parts.every(Boolean) : parts.some(Boolean);
  }
  assert.equal(trace.outcome, outcome);
  return outcome;
}

function checkServe(serve: ServeTrace, served: boolean): void {
  assert.equal(serve.variant !== undefined, served);
  const { bucket } = serve;
  if (bucket === undefined) return;
  const range = serve.ranges.find(({ from, to }) => from <= bucket && bucket < to);
  assert.equal(serve.variant, range?.variant);
}
