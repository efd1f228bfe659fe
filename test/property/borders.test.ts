import { describe, expect, it } from "vitest";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { bucketOf } from "./reference.ts";

/** Units whose hash, mixed with this salt, is the very first of its bucket, or the very last. */
const SALT = "flag";
const UNITS: readonly (readonly [string, number])[] = [
  ["user-7302", 20407],
  ["user-17432", 77462],
  ["user-22755", 8160],
  ["user-90305", 82752],
  ["user-168620", 83073],
  ["user-234723", 39298],
  ["user-17844", 41207],
  ["user-85197", 23624],
  ["user-106572", 29219],
  ["user-108064", 50766],
  ["user-220698", 44663],
  ["user-361685", 63871],
];

/** The variant of three consecutive ranges, ending at these buckets. */
function variantOf(unit: string, ends: readonly [number, number]): string | undefined {
  const weights = { a: ends[0], b: ends[1] - ends[0], c: 100_000 - ends[1] };
  const flag = {
    variants: { a: "a", b: "b", c: "c" },
    fallthrough: { rollout: { unit: 100_000, weights } },
  };
  const snapshot = snapshotOf(load({ flags: { [SALT]: flag } }), { now: 0 });
  return clientOf(snapshot, { targetingKey: unit }).details(SALT).variant;
}

describe("the borders of a bucket", () => {
  it.each(UNITS)("%s is in %i and in no other", (unit, bucket) => {
    expect(bucketOf(SALT, unit)).toBe(bucket);
    expect(variantOf(unit, [bucket, bucket + 1])).toBe("b");
    expect(variantOf(unit, [bucket + 1, bucket + 2])).toBe("a");
    expect(variantOf(unit, [bucket - 1, bucket])).toBe("c");
    for (const percentage of [bucket / 1000, (bucket + 1) / 1000]) {
      const snapshot = snapshotOf(load({ flags: { [SALT]: { percentage } } }), { now: 0 });
      const enabled = clientOf(snapshot, { targetingKey: unit }).enabled(SALT);
      expect(enabled).toBe(percentage > bucket / 1000);
    }
  });
});
