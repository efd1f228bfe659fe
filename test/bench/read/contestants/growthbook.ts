import { type FeatureDefinition, GrowthBookClient } from "@growthbook/growthbook";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchRule, KEYS, user } from "../flags.ts";

export const growthbook: Contestant = {
  name: "GrowthBook",
  open: (flags, users) => {
    const features = Object.fromEntries(flags.map((flag) => [flag.key, feature(flag)]));
    const client = new GrowthBookClient().initSync({ payload: { features } });
    const scoped = client.createScopedInstance({ attributes: { ...user } });
    const contexts = users.map((attributes) => ({ attributes: { ...attributes } }));
    const keys = flags.map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten, semver } = KEYS;
    const read = (key: string) => ({ run: () => scoped.isOn(key) });
    return {
      off: read(off),
      on: read(on),
      rule: read(rule),
      rollout: read(rollout),
      variants: { run: () => scoped.getFeatureValue(variants, "") },
      ten: read(ten),
      semver: read(semver),
      details: {
        run: () => scoped.evalFeature(rule),
        plain: ({ value }: { value: unknown }) => value,
      },
      missing: read("missing"),
      another: {
        run: (index) => client.isOn(inTurn(keys, index), inTurn(contexts, index)),
      },
      // There is no call for all of them.
      all: {
        run: () => {
          const values: Record<string, unknown> = {};
          for (const key of keys) values[key] = scoped.getFeatureValue(key, false);
          return values;
        },
        plain: (all: object) => Object.keys(all).length,
      },
    };
  },
};

function feature({ key, enabled, split, rules, percentage }: BenchFlag): FeatureDefinition {
  // A feature that is not enabled is one that has no rules.
  if (!enabled) return { defaultValue: false };
  if (split !== undefined) {
    const variations = Object.keys(split);
    const weights = Object.values(split).map((weight) => weight / 100);
    const experiment = { key, variations, weights, hashAttribute: "id", hashVersion: 2 };
    return { defaultValue: "", rules: [experiment] };
  }
  if (percentage === 100) return { defaultValue: true };
  const rollout = { force: true, coverage: percentage / 100, hashAttribute: "id" };
  return {
    defaultValue: false,
    rules: [
      ...rules.map((rule) => ({ condition: condition(rule), force: true })),
      ...(percentage > 0 ? [rollout] : []),
    ],
  };
}

const OPERATORS = { in: "$in", matches: "$regex", semverGreater: "$vgt" };

function condition({ clauses }: BenchRule): Record<string, never> {
  const entries = clauses.map((clause) => [clause.attribute, comparison(clause)]);
  return Object.fromEntries(entries) as Record<string, never>;
}

function comparison(clause: BenchClause): object {
  return { [OPERATORS[clause.op]]: clause.op === "in" ? clause.values : clause.value };
}
