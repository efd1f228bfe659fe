import { createFlags, type EvaluationContext } from "@halyard/server";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

export const halyard: Contestant = {
  name: "Halyard",
  open: (flags, users) => {
    const document = {
      flags: Object.fromEntries(flags.map((flag) => [flag.key, definition(flag)])),
    };
    const instance = createFlags({ sources: [document as never], environment: "production" });
    const context = contextOf(user);
    const client = instance.client(context);
    const contexts = users.map(contextOf);
    const keys = flags.map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten, semver } = KEYS;
    return {
      off: { run: () => client.enabled(off) },
      on: { run: () => client.enabled(on) },
      rule: { run: () => client.enabled(rule) },
      rollout: { run: () => client.enabled(rollout) },
      variants: { run: () => client.string(variants, "") },
      ten: { run: () => client.enabled(ten) },
      semver: { run: () => client.enabled(semver) },
      details: { run: () => client.details(rule), plain: ({ value }: { value: unknown }) => value },
      missing: { run: () => client.enabled("missing", false) },
      another: {
        run: (index) => instance.client(inTurn(contexts, index)).value(inTurn(keys, index)),
      },
      all: {
        run: () => instance.client(context).all(),
        plain: (all: object) => Object.keys(all).length,
      },
    };
  },
};

export function contextOf({ id, ...attributes }: BenchUser): EvaluationContext {
  return { targetingKey: id, ...attributes };
}

export function definition({ enabled, split, rules, percentage }: BenchFlag): object {
  const written = rules.map(({ clauses }, index) => ({
    id: `rule-${index}`,
    when: clauses.map(clauseOf),
    serve: "on",
  }));
  if (split !== undefined) {
    const variants = Object.fromEntries(Object.keys(split).map((name) => [name, name]));
    return { type: "string", enabled, variants, fallthrough: { rollout: { weights: split } } };
  }
  const fallthrough = { serve: "on", percentage };
  return { type: "boolean", enabled, default: false, rules: written, fallthrough };
}

function clauseOf(clause: BenchClause): object {
  const { attribute, op } = clause;
  if (op === "in") return { attribute, op, values: clause.values };
  return { attribute, op: op === "matches" ? op : "semver_gt", values: [clause.value] };
}
