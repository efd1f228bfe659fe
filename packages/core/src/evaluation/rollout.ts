import type { Serve } from "../definition/flag.ts";
import {
  PERCENT_SCALE,
  percentThreshold,
  type Range,
  weightRanges,
} from "../definition/weights.ts";
import { type SlotTable, UNIT } from "./attributes.ts";
import type { EvaluationDetails } from "./details.ts";
import { fmix32, murmur3 } from "./hash/murmur3.ts";
import type { EvaluationState } from "./state.ts";
import type { ServeTrace } from "./trace.ts";

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
}

/** The unit's hash, known per subject, mixed with the salt's, known per flag. */
export function murmurBucketer(slots: SlotTable, by: string, salt: string): Bucketer {
  const slot = slots.slot(by, UNIT);
  const saltHash = murmur3(salt);
  return {
    by,
    salt,
    scale: 2 ** 32,
    point: (state) => {
      const unit = state.read(slot);
      return typeof unit === "number" ? fmix32(unit ^ saltHash) : -1;
    },
  };
}

/** What a rule or fallthrough serves; `undefined` when this subject gets nothing from it. */
export interface ServeNode {
  readonly serve: (state: EvaluationState) => EvaluationDetails | undefined;
  readonly explain: (state: EvaluationState) => ServeTrace;
  /** Served without looking at the subject, for those who can do so faster. */
  readonly constant: EvaluationDetails | undefined;
}

export interface ServeCompiler {
  readonly slots: SlotTable;
  readonly variants: readonly string[];
  readonly defaultSalt: string;
  /** Makes the details of a variant; `split` when the bucket decided. */
  readonly details: (variant: number, split: boolean, inExperiment: boolean) => EvaluationDetails;
}

export function compileServe(definition: Serve, compiler: ServeCompiler): ServeNode {
  const { rollout } = definition;
  const { variants } = compiler;
  const experiment = rollout?.experiment === true;
  const ranges = servedRanges(definition, variants);
  const [first] = ranges;
  if (first === undefined || !isPartial(ranges)) {
    const details = first && compiler.details(first.variant, false, experiment);
    return constantNode(details, ranges, variants);
  }
  const by = rollout?.by ?? "targetingKey";
  const bucketer = murmurBucketer(compiler.slots, by, rollout?.salt ?? compiler.defaultSalt);
  const outcomes = ranges.map((range) => compiler.details(range.variant, true, experiment));
  return splitNode(ranges, outcomes, bucketer, variants);
}

/** The parts of the scale that a rule or fallthrough serves, in order, without empty ones. */
export function servedRanges(definition: Serve, variants: readonly string[]): readonly Range[] {
  if (definition.rollout !== undefined) return weightRanges(definition.rollout, variants);
  const to = percentThreshold(definition.percentage ?? 100);
  return to === 0 ? [] : [{ variant: variants.indexOf(definition.serve ?? ""), from: 0, to }];
}

/** Neither empty nor one variant for everybody. */
export function isPartial(ranges: readonly Range[]): boolean {
  const [first] = ranges;
  return first !== undefined && (ranges.length > 1 || first.to < PERCENT_SCALE);
}

function splitNode(
  ranges: readonly Range[],
  outcomes: readonly EvaluationDetails[],
  bucketer: Bucketer,
  variants: readonly string[],
): ServeNode {
  const { point, scale } = bucketer;
  // floor(point × 100000 / scale) < to, without the division: the first point beyond the range.
  const limits = ranges.map(({ to }) => Math.ceil((to * scale) / PERCENT_SCALE));
  const [limit] = limits;
  const [only] = outcomes;
  const bucketOf = (state: EvaluationState): number | undefined => {
    const place = point(state);
    return place < 0 ? undefined : Math.floor((place * PERCENT_SCALE) / scale);
  };
  const serve: ServeNode["serve"] =
    limit !== undefined && limits.length === 1
      ? (state) => {
          const place = point(state);
          return place >= 0 && place < limit ? only : undefined;
        }
      : (state) => {
          const place = point(state);
          if (place < 0) return undefined;
          for (let index = 0; index < limits.length; index++) {
            if (place < (limits[index] as number)) return outcomes[index];
          }
          return undefined;
        };
  return {
    serve,
    constant: undefined,
    explain: (state) => ({
      by: bucketer.by,
      salt: bucketer.salt,
      bucket: bucketOf(state),
      ranges: named(ranges, variants),
      variant: serve(state)?.variant,
    }),
  };
}

function constantNode(
  details: EvaluationDetails | undefined,
  ranges: readonly Range[],
  variants: readonly string[],
): ServeNode {
  const trace: ServeTrace = {
    by: undefined,
    salt: undefined,
    bucket: undefined,
    ranges: named(ranges, variants),
    variant: details?.variant,
  };
  return { serve: () => details, explain: () => trace, constant: details };
}

function named(ranges: readonly Range[], variants: readonly string[]): ServeTrace["ranges"] {
  return ranges.map(({ variant, from, to }) => ({ variant: variants[variant] ?? "", from, to }));
}
