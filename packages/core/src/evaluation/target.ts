import type { Flag, Target } from "../definition/flag.ts";
import type { Scalar } from "../json.ts";
import { type MISSING, RAW } from "./attributes.ts";
import { shown } from "./condition.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FlagCompiler, Outcomes, StepNode } from "./flag.ts";
import type { AttributeValue } from "./operators/operator.ts";
import type { EvaluationState } from "./state.ts";
import type { StepTrace } from "./trace.ts";

interface TargetLookup {
  readonly slot: number;
  /** The first target that lists a value wins. */
  readonly outcomes: Map<unknown, EvaluationDetails>;
}

/** Values that are served a variant whatever the rules say; the first target that lists one wins. */
export function compileTargets(
  flag: Flag,
  targets: readonly Target[],
  outcomes: Outcomes,
  { slots }: FlagCompiler,
): StepNode {
  const lookups: TargetLookup[] = [];
  const traced = targets.map((target) => {
    const attribute = target.attribute ?? "targetingKey";
    const slot = slots.slot(attribute, RAW);
    const index = flag.variants.findIndex((variant) => variant.name === target.variant);
    const details = outcomes.ofVariant(index, "TARGETING_MATCH", "TARGET_MATCH");
    let lookup = lookups.at(-1);
    // Targets of one attribute that follow each other are one look-up.
    if (lookup === undefined || lookup.slot !== slot) {
      lookup = { slot, outcomes: new Map() };
      lookups.push(lookup);
    }
    for (const value of target.values) {
      if (!lookup.outcomes.has(value)) lookup.outcomes.set(value, details);
    }
    return {
      attribute,
      slot,
      details,
      variant: target.variant,
      values: new Set<unknown>(target.values),
    };
  });
  return {
    evaluate: evaluateLookups(lookups),
    explain: (state) => {
      const steps: StepTrace[] = [];
      for (const { attribute, slot, details, variant, values } of traced) {
        const actual = state.read(slot) as AttributeValue | typeof MISSING;
        const outcome = values.has(actual as Scalar);
        steps.push({ step: "target", attribute, variant, actual: shown(actual), outcome });
        if (outcome) return { details, steps };
      }
      return { details: undefined, steps };
    },
  };
}

// MISSING and lists are in no map, so they need no test of their own.
function evaluateLookups(lookups: readonly TargetLookup[]): StepNode["evaluate"] {
  const [first] = lookups;
  if (first !== undefined && lookups.length === 1) {
    const { slot, outcomes } = first;
    return (state: EvaluationState) => outcomes.get(state.read(slot));
  }
  return (state: EvaluationState) => {
    for (const { slot, outcomes } of lookups) {
      const details = outcomes.get(state.read(slot));
      if (details !== undefined) return details;
    }
    return undefined;
  };
}
