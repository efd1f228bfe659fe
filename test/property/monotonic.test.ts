import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { parameters, TIMEOUT } from "./runs.ts";

const NAMES = ["a", "b", "c"] as const;
const percentage = fc.integer({ min: 0, max: 100_000 }).map((buckets) => buckets / 1000);
const users = fc.array(fc.string({ minLength: 1, unit: "binary" }), {
  minLength: 20,
  maxLength: 60,
});

/** Names of the served variants, by user. */
function variants(flag: object, subjects: readonly string[]): (string | undefined)[] {
  const snapshot = snapshotOf(load({ flags: { f: flag } }), { now: 1 });
  return subjects.map((targetingKey) => clientOf(snapshot, { targetingKey }).details("f").variant);
}

/** Whoever was served the variant still is. */
function expectOnlyAdded(before: object, after: object, subjects: readonly string[], name: string) {
  const now = variants(after, subjects);
  for (const [index, variant] of variants(before, subjects).entries()) {
    if (variant === name) expect(now[index], subjects[index]).toBe(name);
  }
}

describe("raising", () => {
  const ways: Record<string, (p: number) => object> = {
    "a flag's percentage": (p) => ({ percentage: p }),
    "a rule's percentage": (p) => ({ rules: [{ id: "r", percentage: p }] }),
    "the percentage of conditions": (p) => ({
      percentage: p,
      conditions: { attributes: { targetingKey: { neq: "" } } },
    }),
    "a fallthrough's percentage": (p) => ({ fallthrough: { serve: "on", percentage: p } }),
    "a step of the schedule": (p) => ({ schedule: [{ from: "1970-01-01", percentage: p }] }),
    "one of two weights": (p) => ({
      rules: [{ id: "r", rollout: { weights: { off: 100 - p, on: p } } }],
    }),
    "the only weight": (p) => ({ fallthrough: { rollout: { weights: { on: p } } } }),
    "a weight out of 100,000": (p) => ({
      fallthrough: { rollout: { unit: 100_000, weights: { on: Math.round(p * 1000) } } },
    }),
  };

  it.each(Object.keys(ways))(
    "%s only adds users",
    (way) => {
      const make = ways[way] as (p: number) => object;
      fc.assert(
        fc.property(percentage, percentage, users, (p, q, subjects) => {
          const [low, high] = [Math.min(p, q), Math.max(p, q)];
          expectOnlyAdded(make(low), make(high), subjects, "on");
        }),
        parameters(0.2),
      );
    },
    TIMEOUT,
  );

  it.each([
    ["the first", 0, "a"],
    ["the last", 2, "c"],
  ] as const)(
    "%s of three weights at its neighbour's cost only adds users",
    (_, index, name) => {
      const make = (raised: number): object => {
        const weights = [20, 30, 20];
        weights[index] = (weights[index] as number) + raised;
        weights[1] = (weights[1] as number) - raised;
        const list = NAMES.map((variant, at) => ({
          name: variant,
          value: variant,
          weight: weights[at],
        }));
        return { default: "none", variants: list };
      };
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 30_000 }), users, (raised, subjects) => {
          expectOnlyAdded(make(0), make(raised / 1000), subjects, name);
        }),
        parameters(0.2),
      );
    },
    TIMEOUT,
  );

  it(
    "the last weight out of the shortfall moves nobody else",
    () => {
      const make = (last: number): object => ({
        variants: { a: "a", b: "b", c: "c" },
        default: "none",
        fallthrough: { rollout: { weights: { a: 20, b: 30, c: last } } },
      });
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 50_000 }), users, (last, subjects) => {
          for (const name of NAMES) expectOnlyAdded(make(0), make(last / 1000), subjects, name);
        }),
        parameters(0.2),
      );
    },
    TIMEOUT,
  );
});
