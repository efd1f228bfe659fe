import type { Serve, Variant } from "../definition/flag.ts";
import { variantIndex } from "../definition/variant-index.ts";
import {
  PERCENT_SCALE,
  percentThreshold,
  type Range,
  weightRanges,
} from "../definition/weights.ts";
import { type SlotTable, UNIT } from "./attributes.ts";
import type { EvaluationDetails } from "./details.ts";
import type { Step } from "./flag.ts";
import { fmix32, murmur3 } from "./hash/murmur3.ts";
import type { EvaluationState } from "./state.ts";

/**
 * Puts a subject at a point of a rollout. Ours is {@link murmurBucketer}; flags of other systems
 * bring their own hash, input and scale.
 */
export interface Bucketer {
  readonly by: string;
  readonly salt: string;
  /** Points lie in [0, scale). */
  readonly scale: number;
  /** -1 without a unit. */
  readonly point: (state: EvaluationState) => number;
  /** A step for those whose point is below a limit: what nearly all rollouts are, so in one go. */
  readonly below: (limit: number, details: EvaluationDetails | undefined) => Step;
}

/** The unit's hash, known per subject, mixed with the salt's, known per flag. */
function murmurBucketer(slots: SlotTable, by: string, salt: string): Bucketer {
  // As a signed integer, which V8 does not box.
  const saltHash = murmur3(salt) | 0;
  const slot = slots.slot(by, UNIT);
  return {
    by,
    salt,
    scale: 2 ** 32,
    point: murmurPoint(slot, saltHash),
    below: (limit, details) => murmurBelow(slot, saltHash, limit, details),
  };
}

function murmurPoint(slot: number, saltHash: number): Bucketer["point"] {
  return (state) => {
    const unit = state.read(slot);
    return typeof unit === "number" ? fmix32(unit ^ saltHash) : -1;
  };
}

function murmurBelow(
  slot: number,
  saltHash: number,
  limit: number,
  details: EvaluationDetails | undefined,
): Step {
  return (state) => {
    const unit = state.read(slot);
    return typeof unit === "number" && fmix32(unit ^ saltHash) < limit ? details : undefined;
  };
}

/** What a rule or fallthrough serves. */
export interface ServeNode {
  /** `undefined` when this subject gets nothing from it. */
  readonly serve: Step;
  /** What everybody gets, when it is the same for all. */
  readonly constant: EvaluationDetails | undefined;
  /** In order, without empty ones. */
  readonly ranges: readonly Range[];
  /** Absent when nobody's bucket matters. */
  readonly bucketer: Bucketer | undefined;
}

export interface ServeCompiler {
  readonly slots: SlotTable;
  readonly variants: readonly Variant[];
  readonly defaultSalt: string;
  /** Makes the details of a variant; `split` when the bucket decided. */
  readonly details: (variant: number, split: boolean, inExperiment: boolean) => EvaluationDetails;
}

export function compileServe(definition: Serve, compiler: ServeCompiler): ServeNode {
  const { rollout } = definition;
  const experiment = rollout?.experiment === true;
  const ranges = servedRanges(definition, compiler.variants);
  const [first] = ranges;
  if (first === undefined || !isPartial(ranges)) {
    const details = first && compiler.details(first.variant, false, experiment);
    return { serve: always(details), constant: details, ranges, bucketer: undefined };
  }
  const by = rollout?.by ?? "targetingKey";
  const bucketer = murmurBucketer(compiler.slots, by, rollout?.salt ?? compiler.defaultSalt);
  const outcomes = ranges.map((range) => compiler.details(range.variant, true, experiment));
  return { serve: split(ranges, outcomes, bucketer), constant: undefined, ranges, bucketer };
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
  const [first] = ranges;
  return first !== undefined && (ranges.length > 1 || first.to < PERCENT_SCALE);
}

/** The bucket of a subject, 0 to 99,999; `undefined` without a unit. */
export function bucketOf({ point, scale }: Bucketer, state: EvaluationState): number | undefined {
  const place = point(state);
  return place < 0 ? undefined : Math.floor((place * PERCENT_SCALE) / scale);
}

function always(details: EvaluationDetails | undefined): Step {
  return () => details;
}

function split(
  ranges: readonly Range[],
  outcomes: readonly EvaluationDetails[],
  { point, below, scale }: Bucketer,
): Step {
  // floor(point × 100000 / scale) < to, without the division: the first point beyond the range.
  const limits = ranges.map(({ to }) => Math.ceil((to * scale) / PERCENT_SCALE));
  const [limit] = limits;
  return limit !== undefined && limits.length === 1
    ? below(limit, outcomes[0])
    : splitMany(point, limits, outcomes);
}

function splitMany(
  point: Bucketer["point"],
  limits: readonly number[],
  outcomes: readonly EvaluationDetails[],
): Step {
  return (state) => {
    const place = point(state);
    if (place < 0) return undefined;
    for (let index = 0; index < limits.length; index++) {
      if (place < (limits[index] as number)) return outcomes[index];
    }
    return undefined;
  };
}
