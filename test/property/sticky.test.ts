import fc from "fast-check";
import { expect, it } from "vitest";
import type { AssignmentBook, Snapshot, UnitAssignments } from "../../packages/core/src/index.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { parameters, TIMEOUT } from "./runs.ts";

/** Keeps every assignment at once. */
function book(): AssignmentBook {
  const units = new Map<unknown, UnitAssignments>();
  const unit = (): UnitAssignments => {
    const variants = new Map<string, string>();
    return {
      variantOf: (experiment) => variants.get(experiment),
      served: (experiment, variant) => void variants.set(experiment, variant),
    };
  };
  return {
    view: {
      name: "assignments",
      parse: (value) => {
        if (!units.has(value)) units.set(value, unit());
        return units.get(value) ?? null;
      },
    },
    peek: (look) => look(),
  };
}

const VARIANTS = { a: "a", b: "b", c: "c", d: "d" };

/** Weights that leave it to the bucket: neither nobody gets anything, nor everybody the same. */
const weights = fc
  .tuple(fc.nat(40_000), fc.nat(30_000), fc.nat(29_000))
  .map(([a, b, c]) => ({ a: a / 1000, b: b / 1000, c: c / 1000 }))
  .filter(({ a, b, c }) => a + b + c > 0);

const salt = fc.option(fc.string({ minLength: 1, maxLength: 8 }), { nil: undefined });
const rollout = fc.record({ weights, salt: salt.map((text) => text && `rule ${text}`) });
const ending = fc.record({ weights, salt: salt.map((text) => text && `end ${text}`) });

const flag = fc.record({ rule: rollout, end: ending, inRule: fc.boolean() });

interface Parts {
  readonly rule: { readonly weights: object; readonly salt?: string | undefined };
  readonly end: { readonly weights: object; readonly salt?: string | undefined };
  readonly inRule: boolean;
}

const written = ({ weights, salt }: Parts["rule"]) => ({
  weights,
  experiment: true,
  ...(salt === undefined ? {} : { salt }),
});

function definition({ rule, end, inRule }: Parts): object {
  const when = [{ attribute: "org", op: "exists" }];
  return {
    variants: VARIANTS,
    default: "d",
    ...(inRule ? { rules: [{ id: "r", when, rollout: { ...written(rule), by: "org" } }] } : {}),
    fallthrough: { rollout: written(end) },
  };
}

const users = fc.array(
  fc.record({
    targetingKey: fc.string({ minLength: 1, unit: "binary" }),
    org: fc.option(fc.oneof(fc.string(), fc.nat(3), fc.boolean()), { nil: undefined }),
  }),
  { minLength: 10, maxLength: 30 },
);

const compiled = (flag: Parts, assignments?: AssignmentBook): Snapshot =>
  snapshotOf(load({ flags: { f: definition(flag) } }), {
    now: 1,
    ...(assignments === undefined ? {} : { assignments }),
  });

it(
  "as long as weights are what they are, assignments change nothing",
  () => {
    fc.assert(
      fc.property(flag, users, (parts, subjects) => {
        const plain = compiled(parts);
        const sticky = compiled(parts, book());
        for (const user of [...subjects, ...subjects]) {
          const details = clientOf(sticky, user).details("f");
          expect(details).toEqual(clientOf(plain, user).details("f"));
          expect(clientOf(sticky, user).explain("f").details).toEqual(details);
        }
      }),
      parameters(0.2),
    );
  },
  TIMEOUT,
);

it(
  "whatever weights become, who has a variant keeps it, and everybody else goes by the weights",
  () => {
    fc.assert(
      fc.property(ending, fc.array(ending, { maxLength: 4 }), users, (first, others, subjects) => {
        const assignments = book();
        const kept = new Map<string, unknown>();
        for (const { weights } of [first, ...others]) {
          // The salt stays: another one is another experiment.
          const parts = { rule: first, end: { ...first, weights }, inRule: false };
          const sticky = compiled(parts, assignments);
          const plain = compiled(parts);
          for (const { targetingKey } of subjects) {
            const value = clientOf(sticky, { targetingKey }).value("f");
            const bare = clientOf(plain, { targetingKey }).value("f");
            expect(value).toBe(kept.get(targetingKey) ?? bare);
            if (value !== "d") kept.set(targetingKey, value);
          }
        }
      }),
      parameters(0.2),
    );
  },
  TIMEOUT,
);
