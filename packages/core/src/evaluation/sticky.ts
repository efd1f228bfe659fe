import type { Snapshot } from "../snapshot.ts";
import type { EvaluationDetails } from "./details.ts";
import type { View } from "./operators/operator.ts";
import type { EvaluationState } from "./state.ts";
import type { Step } from "./step.ts";

/** What is known of one unit's assignments. Pinned by whoever reads it, as all attributes are. */
export interface UnitAssignments {
  /** The name of the variant that the unit keeps in an experiment. */
  readonly variantOf: (experiment: string) => string | undefined;
  /** The unit was served a variant; `replaces` is the one that it had, and the flag has no more. */
  readonly served: (experiment: string, variant: string, replaces: string | undefined) => void;
}

/** What an instance knows of assignments, for rollouts that are compiled with it. */
export interface AssignmentBook {
  /** Of the attribute that an experiment goes by: what is known of its value as a unit. */
  readonly view: View<UnitAssignments>;
  /** Runs what reads flags without serving them to anybody: nothing is assigned by it. */
  readonly peek: <T>(look: () => T) => T;
}

/** Reads flags of a snapshot without assigning anybody to the experiments among them. */
export function peekAssignments<T>({ compiler }: Snapshot, look: () => T): T {
  return compiler?.assignments === undefined ? look() : compiler.assignments.peek(look);
}

export interface StickyInput {
  readonly experiment: string;
  /** Of the unit, in the view of the book. */
  readonly slot: number;
  /** What the bucket decides. */
  readonly split: Step;
  /** By the names of the flag's variants, also of those that nobody gets by weight. */
  readonly outcomes: ReadonlyMap<string, EvaluationDetails>;
}

/**
 * A split that serves a unit what it was assigned, whatever the weights are by now. Whoever has no
 * assignment, or one of a variant that the flag has no more, goes by the bucket, and is assigned
 * what that gives.
 */
export function sticky({ experiment, slot, split, outcomes }: StickyInput): Step {
  return (state) => {
    const unit = unitOf(state, slot);
    if (unit === undefined) return split(state);
    const assigned = unit.variantOf(experiment);
    const kept = assigned === undefined ? undefined : outcomes.get(assigned);
    if (kept !== undefined) return kept;
    const details = split(state);
    if (details?.variant !== undefined) unit.served(experiment, details.variant, assigned);
    return details;
  };
}

/** The variant that the subject is assigned in an experiment, for explanations. */
export function assignedTo(
  { experiment, slot }: Pick<StickyInput, "experiment" | "slot">,
  state: EvaluationState,
): string | undefined {
  return unitOf(state, slot)?.variantOf(experiment);
}

function unitOf(state: EvaluationState, slot: number): UnitAssignments | undefined {
  const unit = state.read(slot);
  return typeof unit === "object" && unit !== null ? (unit as UnitAssignments) : undefined;
}
