import type { Written } from "./conditions.ts";
import type { Range, Serve, Variant } from "./flag.ts";

/** The buckets there are. */
const SCALE = 100_000;

/** What a rule or fallthrough serves, and to whom. */
export function serveOf(written: Written, salt: string, variants: readonly Variant[]): Serve {
  const rollout = written.rollout as Written | undefined;
  if (rollout !== undefined) return rolloutOf(rollout, salt, variants);
  const serve = written.serve ?? written.variation;
  const variant = serve === undefined ? onOf(variants) : indexOf(serve, variants);
  if (written.percentage === undefined) return wholeServe(variant);
  return percentageServe(variant, written.percentage as number, salt);
}

export function wholeServe(variant: number): Serve {
  return { ...percentageServe(variant, 100, ""), percentageWritten: false };
}

export function percentageServe(variant: number, percentage: number, salt: string): Serve {
  const to = Math.round(percentage * 1000);
  const ranges = [{ variant, from: 0, to }];
  return {
    by: "targetingKey",
    salt,
    ranges,
    experiment: false,
    passesOn: true,
    percentageWritten: true,
  };
}

/** The flag's own fallthrough, in any of the ways of writing it; a schedule is looked at later. */
export function fallthroughOf(
  key: string,
  written: Written,
  variants: readonly Variant[],
): Serve | undefined {
  if (written.fallthrough !== undefined) {
    return serveOf(written.fallthrough as Written, key, variants);
  }
  if (written.percentage !== undefined && !("conditions" in written)) {
    return percentageServe(onOf(variants), written.percentage as number, key);
  }
  const list = written.variants;
  if (Array.isArray(list) && list.some((variant) => "weight" in variant)) {
    const weights = list
      .filter((variant) => "weight" in variant)
      .map(({ name, weight }) => ({ variant: name, weight }));
    return rolloutOf({ weights }, key, variants);
  }
  return undefined;
}

function rolloutOf(rollout: Written, salt: string, variants: readonly Variant[]): Serve {
  const by = (rollout.by ?? rollout.bucketBy ?? "targetingKey") as string;
  const outOf100 = rollout.variations === undefined && rollout.unit !== SCALE;
  const shares = variants.map((_, index) => shareOf(rollout, index, variants, outOf100));
  const ranges = rangesOf(shares, outOf100);
  return {
    by: by === "key" ? "targetingKey" : by,
    salt: (rollout.salt as string | undefined) ?? salt,
    ranges,
    experiment: rollout.experiment === true,
    passesOn: false,
    percentageWritten: false,
  };
}

/** The buckets of one variant, however the weights are written. */
function shareOf(
  rollout: Written,
  index: number,
  variants: readonly Variant[],
  outOf100: boolean,
): number {
  const written = rollout.weights ?? rollout.variations;
  const entries: [unknown, number][] = Array.isArray(written)
    ? written.map((entry) => [entry.variant ?? entry.variation, entry.weight])
    : Object.entries(written as Record<string, number>);
  const found = entries.find(([variant]) => indexOf(variant, variants) === index);
  const weight = found?.[1] ?? 0;
  return outOf100 ? Math.round(weight * 1000) : weight;
}

function rangesOf(shares: readonly number[], outOf100: boolean): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  for (const [variant, share] of shares.entries()) {
    if (share > 0) ranges.push({ variant, from, to: from + share });
    from += share;
  }
  const last = ranges.pop();
  if (last === undefined) return [];
  const counts = outOf100 && from >= SCALE - 10 && from <= SCALE + 10;
  return [...ranges, counts ? { ...last, to: SCALE } : last];
}

function onOf(variants: readonly Variant[]): number {
  return variants.findIndex((variant) => variant.value === true);
}

function indexOf(written: unknown, variants: readonly Variant[]): number {
  if (typeof written === "number") return written;
  return variants.findIndex((variant) => variant.name === written);
}

export type Extent = "empty" | "whole" | "partial";

export function extentOf(serve: Serve): Extent {
  const filled = serve.ranges.filter((range) => range.to > range.from);
  if (filled.length === 0) return "empty";
  return filled.some((range) => range.from === 0 && range.to === SCALE) ? "whole" : "partial";
}
