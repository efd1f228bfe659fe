import type { Flag, Rule } from "../definition/flag.ts";
import { compileCondition } from "./condition.ts";
import type { FinalNode, FlagCompiler, Outcomes, StepNode } from "./flag.ts";
import { compileServe } from "./rollout.ts";
import type { StepTrace } from "./trace.ts";

interface RuleInput {
  readonly key: string;
  readonly flag: Flag;
  readonly rule: Rule;
  readonly index: number;
  readonly outcomes: Outcomes;
  readonly fallthrough: FinalNode;
}

/**
 * A rule serves those who satisfy its condition. Whom its percentage misses goes on to the next
 * rule; whom its rollout leaves out goes straight to the fallthrough.
 */
export function compileRule(input: RuleInput, compiler: FlagCompiler): StepNode {
  const { key, flag, rule, index, outcomes, fallthrough } = input;
  const ruleId = rule.id ?? String(index);
  const condition = rule.when === undefined ? undefined : compileCondition(rule.when, compiler);
  const node = compileServe(rule, {
    slots: compiler.slots,
    variants: flag.variants.map((variant) => variant.name),
    defaultSalt: `${key}/${ruleId}`,
    details: (variant, split, inExperiment) =>
      outcomes.ofVariant(
        variant,
        split ? "SPLIT" : "TARGETING_MATCH",
        "RULE_MATCH",
        ruleId,
        inExperiment,
      ),
  });
  const leftOut = rule.rollout === undefined ? undefined : fallthrough;
  const { constant } = node;
  // Served to everybody, to some, or (a rollout) to some and the rest sent to the fallthrough.
  const serve: StepNode["evaluate"] =
    constant !== undefined
      ? () => constant
      : leftOut === undefined
        ? node.serve
        : (state) => node.serve(state) ?? leftOut.evaluate(state);
  return {
    evaluate: guarded(condition?.test, constant, serve),
    explain: (state) => {
      const trace = condition?.explain(state);
      const step = { step: "rule", ruleId, condition: trace } as const;
      if (trace?.outcome === false) {
        return { details: undefined, steps: [{ ...step, serve: undefined, outcome: "no match" }] };
      }
      const details = node.serve(state);
      const served = node.explain(state);
      if (details !== undefined) {
        return { details, steps: [{ ...step, serve: served, outcome: "served" }] };
      }
      const outcome = leftOut === undefined ? "next rule" : "fallthrough";
      const missed: StepTrace = { ...step, serve: served, outcome };
      if (leftOut === undefined) return { details: undefined, steps: [missed] };
      const rest = leftOut.explain(state);
      return { details: rest.details, steps: [missed, ...rest.steps] };
    },
  };
}

function guarded(
  test: ReturnType<typeof compileCondition>["test"] | undefined,
  constant: ReturnType<FinalNode["evaluate"]> | undefined,
  serve: StepNode["evaluate"],
): StepNode["evaluate"] {
  if (test === undefined) return serve;
  if (constant !== undefined) return (state) => (test(state) ? constant : undefined);
  return (state) => (test(state) ? serve(state) : undefined);
}
