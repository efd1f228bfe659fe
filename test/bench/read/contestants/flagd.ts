import { FlagdCore } from "@openfeature/flagd-core";
import type { EvaluationContext } from "@openfeature/server-sdk";
import { type Contestant, inTurn } from "../contestant.ts";
import {
  type BenchClause,
  type BenchFlag,
  type BenchRule,
  type BenchUser,
  KEYS,
  user,
} from "../flags.ts";

export const flagd: Contestant = {
  name: "flagd",
  open: (flags, users) => {
    const silent = () => undefined;
    const logger = { debug: silent, info: silent, warn: silent, error: silent };
    const core = new FlagdCore(undefined, logger);
    const known = flags.filter((flag) => !flag.key.startsWith("semver"));
    const written = Object.fromEntries(known.map((flag) => [flag.key, configuration(flag)]));
    core.setConfigurations(JSON.stringify({ flags: written }));
    const context = contextOf(user);
    const contexts = users.map(contextOf);
    const keys = known.filter(({ split }) => split === undefined).map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten } = KEYS;
    const value = (details: { value: unknown }) => details.value;
    const read = (key: string) => ({
      run: () => core.resolveBooleanEvaluation(key, false, context),
      plain: value,
    });
    return {
      off: read(off),
      on: read(on),
      rule: read(rule),
      rollout: read(rollout),
      variants: { run: () => core.resolveStringEvaluation(variants, "", context), plain: value },
      ten: read(ten),
      details: read(rule),
      missing: read("missing"),
      another: {
        run: (index) =>
          core.resolveBooleanEvaluation(inTurn(keys, index), false, inTurn(contexts, index)),
      },
    };
  },
};

function contextOf({ id, ...attributes }: BenchUser): EvaluationContext {
  return { targetingKey: id, ...attributes };
}

function configuration({ key, enabled, split, rules, percentage }: BenchFlag): object {
  if (split !== undefined) {
    const variants = Object.fromEntries(Object.keys(split).map((name) => [name, name]));
    const targeting = { fractional: [salted(key), ...Object.entries(split)] };
    return { state: "ENABLED", variants, defaultVariant: "red", targeting };
  }
  const otherwise =
    percentage > 0 && percentage < 100
      ? { fractional: [salted(key), ["on", percentage], ["off", 100 - percentage]] }
      : percentage === 100
        ? "on"
        : "off";
  return {
    // A flag that is disabled there is none at all, hence a default that is off.
    state: "ENABLED",
    variants: { on: true, off: false },
    defaultVariant: enabled && percentage === 100 ? "on" : "off",
    ...(typeof otherwise === "object" || rules.length > 0
      ? { targeting: rules.length > 0 ? branches(rules, otherwise) : otherwise }
      : {}),
  };
}

function salted(key: string): object {
  return { cat: [key, { var: "targetingKey" }] };
}

function branches(rules: readonly BenchRule[], otherwise: unknown): object {
  return { if: [...rules.flatMap((rule) => [{ and: rule.clauses.map(test) }, "on"]), otherwise] };
}

function test(clause: BenchClause): object {
  if (clause.op !== "in") throw new TypeError("flagd has no regular expressions");
  return { in: [{ var: clause.attribute }, clause.values] };
}
