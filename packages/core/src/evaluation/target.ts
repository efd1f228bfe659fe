import { type Flag, type Target, variantsOf } from "../definition/flag.ts";
import { variantIndex } from "../definition/variant-index.ts";
import { RAW } from "./attributes.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FlagCompiler, Outcomes } from "./flag.ts";
import type { Step } from "./step.ts";

interface TargetLookup {
  readonly slot: number;
  readonly outcomes: Map<unknown, EvaluationDetails>;
}

/** Values that are served a variant whatever the rules say; the first target that lists one wins. */
export function compileTargets(
  flag: Flag,
  targets: readonly Target[],
  outcomes: Outcomes,
  { slots }: FlagCompiler,
): Step {
  const lookups: TargetLookup[] = [];
  for (const target of targets) {
    const slot = slots.slot(attributeOf(target), RAW);
    const index = variantIndex(variantsOf(flag), target.variant);
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
  }
  const [first] = lookups;
  return first !== undefined && lookups.length === 1 ? oneLookup(first) : manyLookups(lookups);
}

export function attributeOf(target: Target): string {
  return target.attribute ?? "targetingKey";
}

// A missing attribute and lists are in no map, so they need no test of their own.

function oneLookup({ slot, outcomes }: TargetLookup): Step {
  return (state) => outcomes.get(state.read(slot));
}

function manyLookups(lookups: readonly TargetLookup[]): Step {
  return (state) => {
    for (const { slot, outcomes } of lookups) {
      const details = outcomes.get(state.read(slot));
      if (details !== undefined) return details;
    }
    return undefined;
  };
}
