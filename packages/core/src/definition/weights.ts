import type { Rollout, Variant } from "./flag.ts";
import { variantIndex } from "./variant-index.ts";

/** Rollouts are cut into hundred-thousandths. */
export const PERCENT_SCALE = 100_000;

/** How far a total of percent weights may be from 100 and still count as 100, in 1/1000 %. */
export const TOTAL_TOLERANCE = 10;

/** A percentage (0 to 100) as a number of hundred-thousandths. */
export function percentThreshold(percentage: number): number {
  return Math.round(percentage * 1000);
}

/** A weight of a rollout as a number of hundred-thousandths. */
export function weightThreshold(weight: number, unit: 100000 | undefined): number {
  return unit === undefined ? percentThreshold(weight) : weight;
}

/** A part of the scale, in hundred-thousandths, and the index of the variant that it gets. */
export interface Range {
  readonly variant: number;
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * Consecutive ranges of a rollout's variants, in the order that the flag declares them, without
 * the empty ones. Percent totals within the tolerance fill the scale exactly.
 */
export function weightRanges(rollout: Rollout, variants: readonly Variant[]): readonly Range[] {
  const widths = new Array<number>(variants.length).fill(0);
  for (const { variant, weight } of rollout.weights) {
    widths[variantIndex(variants, variant)] = weightThreshold(weight, rollout.unit);
  }
  const ranges: { variant: number; from: number; to: number }[] = [];
  let from = 0;
  for (const [variant, width] of widths.entries()) {
    if (width === 0) continue;
    ranges.push({ variant, from, to: from + width });
    from += width;
  }
  const last = ranges.at(-1);
  const full = Math.abs(from - PERCENT_SCALE) <= TOTAL_TOLERANCE;
  if (last === undefined || rollout.unit !== undefined || !full) return ranges;
  last.to = PERCENT_SCALE;
  // A total a little above 100 can leave nothing for the last ranges.
  return ranges
    .filter((range) => range.from < PERCENT_SCALE)
    .map((range) => ({ ...range, to: Math.min(range.to, PERCENT_SCALE) }));
}
