import { type Clause, type Flag, type Rule, variantsOf } from "../definition/flag.ts";
import { compileCondition, type Predicate } from "./condition.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FlagCompiler, Outcomes } from "./flag.ts";
import { compileServe, type ServeNode } from "./rollout.ts";
import { compileRuleTable, equalityClauses, MAX_TABLE_RULES } from "./rule-table.ts";
import { type Ending, type Serving, type Step, servedTo } from "./step.ts";

export interface RuleInput {
  readonly key: string;
  readonly flag: Flag;
  readonly outcomes: Outcomes;
}

interface RulesInput extends RuleInput {
  readonly rules: readonly Rule[];
  readonly fallthrough: Ending;
}

/** Adds the rules of a flag as steps; those that follow each other and only compare share one. */
export function compileRules(input: RulesInput, compiler: FlagCompiler, steps: Step[]): void {
  const { rules } = input;
  let index = 0;
  while (index < rules.length) {
    const table = tableFrom(rules, index);
    if (table.length === 0) {
      steps.push(compileRule(input, index, compiler));
      index++;
      continue;
    }
    const first = index;
    const serve = table.map((_, offset) => servingOf(input, first + offset, compiler));
    steps.push(compileRuleTable(table, serve, compiler.slots));
    index += table.length;
  }
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

function compileRule(input: RulesInput, index: number, compiler: FlagCompiler): Step {
  const { when } = input.rules[index] as Rule;
  const serve = servingOf(input, index, compiler);
  const test = when === undefined ? undefined : compileCondition(when, compiler);
  if (typeof serve === "function") return test === undefined ? serve : guarded(test, serve);
  return test === undefined ? always(serve) : guardedAlways(test, serve);
}

function always(details: EvaluationDetails | undefined): Step {
  return () => details;
}

function guarded(test: Predicate, serve: Step): Step {
  return (state) => (test(state) ? serve(state) : undefined);
}

function guardedAlways(test: Predicate, details: EvaluationDetails | undefined): Step {
  return (state) => (test(state) ? details : undefined);
}

/**
 * What a rule does for those who satisfy its condition. Whom its percentage misses goes on to
 * the next rule; whom its rollout leaves out goes straight to the fallthrough.
 */
function servingOf(input: RulesInput, index: number, compiler: FlagCompiler): Serving {
  const { serve } = serveOfRule(input, index, compiler);
  const rule = input.rules[index] as Rule;
  if (rule.rollout === undefined) return serve;
  if (serve === undefined) return input.fallthrough;
  return typeof serve === "function" ? orElse(serve, input.fallthrough) : serve;
}

function orElse(serve: Step, fallthrough: Ending): Step {
  return (state) => serve(state) ?? servedTo(state, fallthrough);
}

export function ruleIdOf(rule: Rule, index: number): string {
  return rule.id ?? String(index);
}

/** The serving part of a rule alone. */
export function serveOfRule(
  { key, flag, outcomes }: RuleInput,
  index: number,
  { slots, assignments }: FlagCompiler,
): ServeNode {
  const rule = flag.rules?.[index] as Rule;
  const ruleId = ruleIdOf(rule, index);
  return compileServe(rule, {
    key,
    slots,
    variants: variantsOf(flag),
    defaultSalt: `${key}/${ruleId}`,
    outcomes,
    reason: "TARGETING_MATCH",
    cause: "RULE_MATCH",
    ruleId,
    assignments,
  });
}
