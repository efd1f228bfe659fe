import { experimentOf } from "../assignments/assignment-store.ts";
import type { Rollout, Serve, Variant } from "../definition/flag.ts";
import { variantIndex } from "../definition/variant-index.ts";
import {
  PERCENT_SCALE,
  percentThreshold,
  type Range,
  weightRanges,
} from "../definition/weights.ts";
import { type SlotTable, UNIT } from "./attributes.ts";
import type { Cause, EvaluationDetails, Reason } from "./details.ts";
import type { Outcomes } from "./flag.ts";
import { fmix32, murmur3 } from "./hash/murmur3.ts";
import type { EvaluationState } from "./state.ts";
import type { Serving, Step } from "./step.ts";
import { type AssignmentBook, assignedTo, sticky } from "./sticky.ts";

/**
 * Puts a subject at a point of a rollout. Ours is {@link MurmurBucketer}; flags of other systems
 * bring their own hash, input and scale.
 */
export interface Bucketer {
  readonly by: string;
  readonly salt: string;
  /** Points lie in [0, scale). */
  readonly scale: number;
  /** -1 without a unit. */
  point(state: EvaluationState): number;
  /** A step for those whose point is below a limit: what nearly all rollouts are, so in one go. */
  below(limit: number, details: EvaluationDetails): Step;
}

/** The unit's hash, known per subject, mixed with the salt's, known per flag. */
class MurmurBucketer implements Bucketer {
  readonly by: string;
  readonly salt: string;
  readonly #slot: number;
  /** As a signed integer, which V8 does not box. */
  readonly #saltHash: number;

  constructor(slots: SlotTable, by: string, salt: string) {
    this.by = by;
    this.salt = salt;
    this.#slot = slots.slot(by, UNIT);
    this.#saltHash = murmur3(salt) | 0;
  }

  get scale(): number {
    return 2 ** 32;
  }

  point(state: EvaluationState): number {
    const unit = state.read(this.#slot);
    return typeof unit === "number" ? fmix32(unit ^ this.#saltHash) : -1;
  }

  below(limit: number, details: EvaluationDetails): Step {
    return murmurBelow(this.#slot, this.#saltHash, limit, details);
  }
}

function murmurBelow(
  slot: number,
  saltHash: number,
  limit: number,
  details: EvaluationDetails,
): Step {
  return (state) => {
    const unit = state.read(slot);
    return typeof unit === "number" && fmix32(unit ^ saltHash) < limit ? details : undefined;
  };
}

/** What a rule or fallthrough serves. */
export interface ServeNode {
  readonly serve: Serving;
  /** Absent when nobody's bucket matters. */
  readonly bucketer: Bucketer | undefined;
  /** The variant that a subject keeps; only of experiments whose assignments are kept. */
  readonly assigned?: ((state: EvaluationState) => string | undefined) | undefined;
}

export interface ServeCompiler {
  readonly key: string;
  readonly slots: SlotTable;
  readonly variants: readonly Variant[];
  readonly defaultSalt: string;
  readonly outcomes: Outcomes;
  /** The reason where no bucket decides. */
  readonly reason: Reason;
  readonly cause: Cause;
  readonly ruleId: string | undefined;
  /** Absent: experiments go by buckets alone. */
  readonly assignments: AssignmentBook | undefined;
}

export function compileServe(definition: Serve, compiler: ServeCompiler): ServeNode {
  return definition.rollout === undefined
    ? compilePercentage(definition, compiler)
    : compileRollout(definition.rollout, compiler);
}

const NOBODY: ServeNode = { serve: undefined, bucketer: undefined };

function compilePercentage(definition: Serve, compiler: ServeCompiler): ServeNode {
  const { slots, outcomes, reason, cause, ruleId } = compiler;
  const to = percentThreshold(definition.percentage ?? 100);
  if (to === 0) return NOBODY;
  const variant = variantIndex(compiler.variants, definition.serve);
  if (to >= PERCENT_SCALE) {
    return { serve: outcomes.ofVariant(variant, reason, cause, ruleId), bucketer: undefined };
  }
  const bucketer = new MurmurBucketer(slots, "targetingKey", compiler.defaultSalt);
  const details = outcomes.ofVariant(variant, "SPLIT", cause, ruleId);
  return { serve: bucketer.below(limitOf(to, bucketer), details), bucketer };
}

function compileRollout(rollout: Rollout, compiler: ServeCompiler): ServeNode {
  const { slots, outcomes, reason, cause, ruleId } = compiler;
  const experiment = rollout.experiment === true;
  const ranges = weightRanges(rollout, compiler.variants);
  const first = ranges[0];
  if (first === undefined) return NOBODY;
  if (!isPartial(ranges)) {
    const serve = outcomes.ofVariant(first.variant, reason, cause, ruleId, experiment);
    return { serve, bucketer: undefined };
  }
  const { by = "targetingKey", salt = compiler.defaultSalt } = rollout;
  const bucketer = new MurmurBucketer(slots, by, salt);
  const served = ranges.map(({ variant }) =>
    outcomes.ofVariant(variant, "SPLIT", cause, ruleId, experiment),
  );
  const node = { serve: split(ranges, served, bucketer), bucketer };
  return experiment && compiler.assignments !== undefined
    ? compileSticky(node, served, compiler.assignments, compiler)
    : node;
}

/** An experiment that serves each unit what it was assigned. */
function compileSticky(
  { serve, bucketer }: { readonly serve: Step; readonly bucketer: Bucketer },
  served: readonly EvaluationDetails[],
  { view }: AssignmentBook,
  { key, slots, variants, outcomes, cause, ruleId }: ServeCompiler,
): ServeNode {
  // The same objects, so that whoever counts outcomes counts one.
  const known = new Map(served.map((details) => [details.variantIndex, details]));
  const input = {
    experiment: experimentOf(key, bucketer.salt),
    slot: slots.slot(bucketer.by, view),
    split: serve,
    outcomes: new Map(
      variants.map(({ name }, index) => [
        name,
        known.get(index) ?? outcomes.ofVariant(index, "SPLIT", cause, ruleId, true),
      ]),
    ),
  };
  return { serve: sticky(input), bucketer, assigned: (state) => assignedTo(input, state) };
}

/** The parts of the scale that a rule or fallthrough serves, in order, without empty ones. */
export function servedRanges(definition: Serve, variants: readonly Variant[]): readonly Range[] {
  if (definition.rollout !== undefined) return weightRanges(definition.rollout, variants);
  const to = percentThreshold(definition.percentage ?? 100);
  if (to === 0) return [];
  return [{ variant: variantIndex(variants, definition.serve), from: 0, to }];
}

/** Neither empty nor one variant for everybody. */
export function isPartial(ranges: readonly Range[]): boolean {
  const first = ranges[0];
  return first !== undefined && (ranges.length > 1 || first.to < PERCENT_SCALE);
}

/** The bucket of a subject, 0 to 99,999; `undefined` without a unit. */
export function bucketOf(bucketer: Bucketer, state: EvaluationState): number | undefined {
  const place = bucketer.point(state);
  return place < 0 ? undefined : Math.floor((place * PERCENT_SCALE) / bucketer.scale);
}

function split(
  ranges: readonly Range[],
  outcomes: readonly EvaluationDetails[],
  bucketer: Bucketer,
): Step {
  const range = ranges[0];
  const details = outcomes[0];
  if (range !== undefined && details !== undefined && ranges.length === 1) {
    return bucketer.below(limitOf(range.to, bucketer), details);
  }
  const limits = ranges.map(({ to }) => limitOf(to, bucketer));
  return splitMany(bucketer, limits, outcomes);
}

/** floor(point × 100000 / scale) < to, without the division: the first point beyond the range. */
function limitOf(to: number, { scale }: Bucketer): number {
  return Math.ceil((to * scale) / PERCENT_SCALE);
}

function splitMany(
  bucketer: Bucketer,
  limits: readonly number[],
  outcomes: readonly EvaluationDetails[],
): Step {
  return (state) => {
    const place = bucketer.point(state);
    if (place < 0) return undefined;
    for (let index = 0; index < limits.length; index++) {
      if (place < (limits[index] as number)) return outcomes[index];
    }
    return undefined;
  };
}
