import type { Clause, Flag, Rule } from "../definition/flag.ts";
import { compileCondition, type Predicate } from "./condition.ts";
import type { FinalStep, FlagCompiler, Outcomes, Step } from "./flag.ts";
import { compileServe, type ServeNode } from "./rollout.ts";
import { compileRuleTable, equalityClauses, MAX_TABLE_RULES } from "./rule-table.ts";

export interface RuleInput {
  readonly key: string;
  readonly flag: Flag;
  readonly outcomes: Outcomes;
  readonly fallthrough: FinalStep;
}

/** The rules of a flag as steps; those that follow each other and only compare share one. */
export function compileRules(input: RuleInput, compiler: FlagCompiler): Step[] {
  const steps: Step[] = [];
  const rules = input.flag.rules ?? [];
  let index = 0;
  while (index < rules.length) {
    const table = tableFrom(rules, index);
    if (table.length === 0) {
      steps.push(compileRule(input, index, compiler));
      index++;
      continue;
    }
    const first = index;
    const nodes = table.map((_, offset) => serveOfRule(input, first + offset, compiler));
    const serve = nodes.map((node, offset) => servingStep(input, first + offset, node));
    const outcomes = nodes.map((node) => node.constant);
    steps.push(compileRuleTable(table, serve, outcomes, compiler.slots));
    index += table.length;
  }
  return steps;
}

/** The clauses of the rules from here on that fit into one table. */
function tableFrom(rules: readonly Rule[], start: number): (readonly Clause[])[] {
  const table: (readonly Clause[])[] = [];
  for (let index = start; index < rules.length && table.length < MAX_TABLE_RULES; index++) {
    const clauses = equalityClauses(rules[index] as Rule);
    if (clauses === undefined) break;
    table.push(clauses);
  }
  return table;
}

function compileRule(input: RuleInput, index: number, compiler: FlagCompiler): Step {
  const { when } = input.flag.rules?.[index] ?? {};
  const serve = servingStep(input, index, serveOfRule(input, index, compiler));
  return when === undefined ? serve : guarded(compileCondition(when, compiler), serve);
}

function guarded(test: Predicate, serve: Step): Step {
  return (state) => (test(state) ? serve(state) : undefined);
}

/**
 * What a rule does for those who satisfy its condition. Whom its percentage misses goes on to
 * the next rule; whom its rollout leaves out goes straight to the fallthrough.
 */
function servingStep(input: RuleInput, index: number, { serve }: ServeNode): Step {
  const rule = input.flag.rules?.[index] as Rule;
  return rule.rollout === undefined ? serve : orElse(serve, input.fallthrough);
}

function orElse(serve: Step, fallthrough: FinalStep): Step {
  return (state) => serve(state) ?? fallthrough(state);
}

export function ruleIdOf(rule: Rule, index: number): string {
  return rule.id ?? String(index);
}

/** The serving part of a rule alone. */
export function serveOfRule(
  { key, flag, outcomes }: Omit<RuleInput, "fallthrough">,
  index: number,
  { slots }: FlagCompiler,
): ServeNode {
  const rule = flag.rules?.[index] as Rule;
  const ruleId = ruleIdOf(rule, index);
  return compileServe(rule, {
    slots,
    variants: flag.variants,
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
}
