import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { clientOf, load, snapshotOf } from "./harness.ts";

const COUNT = 20_000;

/** Keys as applications have them; the same at every run. */
const KINDS: Readonly<Record<string, (index: number) => string | number>> = {
  sequential: (index) => `user-${index}`,
  numeric: (index) => 1_000_000 + index,
  uuid: (index) => {
    const hex = createHash("md5").update(String(index)).digest("hex");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
  email: (index) => `${index.toString(36)}.smith@mail${index % 7}.example`,
};

/** Salts that differ little, as flags' keys do. */
const SALTS = ["flag-a", "flag-b", "flag-a/0", "flag-a/1", "checkout", "new-checkout"];

const PARTS = 20;

/** Variant `v<i>` for the i-th twentieth of the buckets, for each salt. */
const snapshot = snapshotOf(
  load({
    flags: Object.fromEntries(
      SALTS.map((salt) => {
        const names = Array.from({ length: PARTS }, (_, index) => `v${index}`);
        const variants = names.map((name, value) => ({ name, value, weight: 100 / PARTS }));
        return [salt, { variants }];
      }),
    ),
  }),
  { now: 0 },
);

/** The part of the buckets that each key falls in, by salt. */
function partsOf(kind: string): Map<string, number[]> {
  const make = KINDS[kind] as (index: number) => string | number;
  const parts = new Map(SALTS.map((salt) => [salt, [] as number[]]));
  for (let index = 0; index < COUNT; index += 1) {
    const client = clientOf(snapshot, { targetingKey: make(index) });
    for (const salt of SALTS) parts.get(salt)?.push(client.number(salt, -1));
  }
  return parts;
}

function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function tally(values: readonly number[], size: number): number[] {
  const counts = Array<number>(size).fill(0);
  for (const value of values) counts[value] = (counts[value] as number) + 1;
  return counts;
}

describe.each(Object.keys(KINDS))("buckets of %s keys", (kind) => {
  const parts = partsOf(kind);

  it.each(SALTS)("are uniform for %s", (salt) => {
    const counts = tally(parts.get(salt) as number[], PARTS);
    // 19 degrees of freedom: one in a million is above 59.
    expect(chiSquare(counts, COUNT / PARTS)).toBeLessThan(60);
  });

  const pairs = SALTS.flatMap((one, index) => SALTS.slice(index + 1).map((two) => [one, two]));
  it.each(pairs)("are independent between %s and %s", (one, two) => {
    const second = parts.get(two as string) as number[];
    const joint = (parts.get(one as string) as number[]).map((part, index) => {
      return part * PARTS + (second[index] as number);
    });
    // 399 degrees of freedom: one in a million is above 545.
    expect(chiSquare(tally(joint, PARTS * PARTS), COUNT / PARTS / PARTS)).toBeLessThan(550);
  });
});
