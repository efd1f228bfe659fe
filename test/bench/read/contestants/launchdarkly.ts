import { init, type LDContext } from "@launchdarkly/node-server-sdk";
import { TestData } from "@launchdarkly/node-server-sdk/integrations";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

export const launchdarkly: Contestant = {
  name: "LaunchDarkly",
  open: async (flags, users) => {
    const data = new TestData();
    for (const flag of flags) await data.usePreconfiguredFlag(configuration(flag));
    const silent = () => undefined;
    const client = init("sdk-key", {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
    await client.waitForInitialization({ timeout: 5 });
    const context = contextOf(user);
    const contexts = users.map(contextOf);
    const keys = flags.map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten, semver } = KEYS;
    const read = (key: string, fallback: unknown = false) => ({
      async: true,
      run: () => client.variation(key, context, fallback),
    });
    return {
      off: read(off),
      on: read(on),
      rule: read(rule),
      rollout: read(rollout),
      variants: read(variants, ""),
      ten: read(ten),
      semver: read(semver),
      details: {
        async: true,
        run: () => client.variationDetail(rule, context, false),
        plain: ({ value }: { value: unknown }) => value,
      },
      missing: read("missing"),
      another: {
        async: true,
        run: (index) => client.variation(inTurn(keys, index), inTurn(contexts, index), false),
      },
      all: {
        async: true,
        run: () => client.allFlagsState(context),
        plain: (state: { allValues(): object }) => Object.keys(state.allValues()).length,
      },
    };
  },
};

function contextOf({ id, ...attributes }: BenchUser): LDContext {
  return { kind: "user", key: id, ...attributes };
}

function configuration({ key, enabled, split, rules, percentage }: BenchFlag): object {
  const common = { key, version: 1, on: enabled, salt: key, targets: [], prerequisites: [] };
  if (split !== undefined) {
    const weights = Object.values(split).map((weight, variation) => ({
      variation,
      weight: weight * 1000,
    }));
    const fallthrough = { rollout: { variations: weights } };
    return { ...common, variations: Object.keys(split), offVariation: 0, rules: [], fallthrough };
  }
  const weights = [
    { variation: 1, weight: percentage * 1000 },
    { variation: 0, weight: 100_000 - percentage * 1000 },
  ];
  const whole = percentage === 0 || percentage === 100;
  return {
    ...common,
    variations: [false, true],
    offVariation: 0,
    rules: rules.map(({ clauses }, index) => ({
      id: `rule-${index}`,
      clauses: clauses.map(clauseOf),
      variation: 1,
    })),
    fallthrough: whole ? { variation: percentage / 100 } : { rollout: { variations: weights } },
  };
}

const OPERATORS = { in: "in", matches: "matches", semverGreater: "semVerGreaterThan" };

function clauseOf(clause: BenchClause): object {
  const { attribute, op } = clause;
  const values = op === "in" ? clause.values : [clause.value];
  return { contextKind: "user", attribute, op: OPERATORS[op], values, negate: false };
}
