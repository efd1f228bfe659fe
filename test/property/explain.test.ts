import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  ConditionTrace,
  EvaluationDetails,
  Explanation,
  ServeTrace,
  StepTrace,
} from "../../packages/core/src/index.ts";
import { buildScene, type Scene } from "./generate/document.ts";
import { builtOfTwo } from "./generate/tape.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { CONTEXTS, parameters } from "./runs.ts";

describe("explain", () => {
  it("gives the details that details gives, and a trace that adds up to them", () => {
    const scenes = builtOfTwo((tape, subjects) => buildScene(tape, subjects, CONTEXTS));
    fc.assert(fc.property(scenes, checkAll), parameters(0.5));
  });
});

function checkAll(scene: Scene): void {
  const snapshot = snapshotOf(load(scene.document), scene);
  for (const context of scene.contexts) {
    const client = clientOf(snapshot, context);
    for (const key of scene.keys) {
      const details = client.details(key);
      const explanation = client.explain(key);
      expect(explanation.details).toEqual(details);
      expect(explanation.flagKey).toBe(details.flagKey);
      expect(explanation.requestedKey).toBe(key);
      checkOverrides(explanation);
      checkSteps(explanation.steps, details);
    }
  }
}

function checkOverrides({ overrides, details, steps }: Explanation): void {
  const served = overrides.filter(({ outcome }) => outcome === "served");
  expect(served).toHaveLength(details.cause === "OVERRIDE" ? 1 : 0);
  const priorities = overrides.map(({ priority }) => priority);
  expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  if (served.length === 0) return;
  expect(steps).toEqual([]);
  expect(served[0]?.value).toEqual(details.value);
}

const DECIDING: Readonly<Record<string, StepTrace["step"]>> = {
  OFF: "off",
  PREREQUISITE_FAILED: "prerequisite",
  TARGET_MATCH: "target",
  RULE_MATCH: "rule",
  FALLTHROUGH: "fallthrough",
};

function checkSteps(steps: readonly StepTrace[], details: EvaluationDetails): void {
  expect(steps.at(-1)?.step).toBe(DECIDING[details.cause]);
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1;
    checkStep(step, details);
    expect(decides(step)).toBe(last);
    // Straight to the fallthrough: nothing in between.
    if (step.step === "rule" && step.outcome === "fallthrough") {
      expect(steps[index + 1]?.step).toBe("fallthrough");
    }
  }
}

function decides(step: StepTrace): boolean {
  if (step.step === "prerequisite") return !step.outcome;
  if (step.step === "target") return step.outcome;
  return step.step !== "rule" || step.outcome === "served";
}

function checkStep(step: StepTrace, details: EvaluationDetails): void {
  if (step.step === "prerequisite") expect(step.served === step.expected).toBe(step.outcome);
  if (step.step === "target" && step.outcome) expect(step.variant).toBe(details.variant);
  if (step.step === "fallthrough") {
    if (step.outcome === "served") expect(step.serve?.variant).toBe(details.variant);
    if (step.serve !== undefined) checkServe(step.serve, step.outcome === "served");
  }
  if (step.step !== "rule") return;
  const held = step.condition === undefined || recombined(step.condition);
  expect(step.outcome !== "no match").toBe(held);
  expect(step.serve !== undefined).toBe(held);
  if (step.serve !== undefined) checkServe(step.serve, step.outcome === "served");
  if (step.outcome !== "served") return;
  expect(step.ruleId).toBe(details.ruleId);
  expect(step.serve?.variant).toBe(details.variant);
}

/** The outcome that the parts give; equal to the one that is shown. */
function recombined(trace: ConditionTrace): boolean {
  if (trace.kind === "clause") {
    if (trace.actual === undefined) {
      expect(trace.outcome).toBe(
        trace.op === "notExists" || (trace.op === "exists" && trace.negate),
      );
    }
    return trace.outcome;
  }
  let outcome: boolean;
  if (trace.kind === "not") outcome = !recombined(trace.condition);
  else if (trace.kind === "segment") outcome = recombined(trace.condition);
  else {
    const parts = trace.conditions.map(recombined);
    outcome = trace.kind === "all" ? parts.every(Boolean) : parts.some(Boolean);
  }
  expect(trace.outcome).toBe(outcome);
  return outcome;
}

function checkServe(serve: ServeTrace, served: boolean): void {
  expect(serve.variant !== undefined).toBe(served);
  const { bucket } = serve;
  if (bucket === undefined) return;
  const range = serve.ranges.find(({ from, to }) => from <= bucket && bucket < to);
  expect(serve.variant).toBe(range?.variant);
}
