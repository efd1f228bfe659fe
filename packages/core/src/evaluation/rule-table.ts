import type { Clause, Condition, Rule } from "../definition/flag.ts";
import type { Scalar } from "../json.ts";
import { RAW, type SlotTable } from "./attributes.ts";
import { isNegated, operatorOf } from "./condition.ts";
import type { EvaluationDetails } from "./details.ts";

import { equalityOperators } from "./operators/equality.ts";
import type { EvaluationState } from "./state.ts";
import { type Serving, type Step, servedTo } from "./step.ts";

/** Rules are bits of an integer, without its sign. */
export const MAX_TABLE_RULES = 31;

const EQUALITY: ReadonlySet<unknown> = new Set(equalityOperators);

/** The clauses of a rule that only compares attributes with lists of values; else `undefined`. */
export function equalityClauses({ when }: Rule): readonly Clause[] | undefined {
  if (when === undefined) return undefined;
  const conditions: readonly Condition[] = "all" in when ? when.all : [when];
  // By index here and below: iterators of frozen lists, as these are, get no help from V8.
  for (let index = 0; index < conditions.length; index++) {
    if (!isEqualityClause(conditions[index] as Condition)) return undefined;
  }
  return conditions as readonly Clause[];
}

function isEqualityClause(condition: Condition): boolean {
  return "attribute" in condition && EQUALITY.has(operatorOf(condition as Clause));
}

/** One attribute that the rules compare: which rules stay possible for a value of it. */
interface Column {
  readonly slot: number;
  /** The rules that accept a value which some rule lists. */
  readonly listed: Map<unknown, number>;
  /** The rules that accept any other value. */
  other: number;
  /** The rules that do not ask for the attribute: possible with any value, and without. */
  missing: number;
}

/**
 * Turns consecutive rules over sets of values into one look-up per attribute: each gives the
 * rules that its value leaves possible, as bits, and the lowest bit left is the first rule that
 * matches. `serve` holds what each rule then does.
 */
export function compileRuleTable(
  rules: readonly (readonly Clause[])[],
  serve: readonly Serving[],
  slots: SlotTable,
): Step {
  // As an integer: of what may be a fraction, columns would keep one, which each read converts.
  const everything = (2 ** rules.length - 1) | 0;
  const columns: Column[] = [];
  const byAttribute = new Map<string, Column>();
  for (let index = 0; index < rules.length; index++) {
    const clauses = rules[index] as readonly Clause[];
    for (let part = 0; part < clauses.length; part++) {
      const clause = clauses[part] as Clause;
      let column = byAttribute.get(clause.attribute);
      if (column === undefined) {
        const slot = slots.slot(clause.attribute, RAW);
        column = { slot, listed: new Map(), other: 0, missing: everything };
        byAttribute.set(clause.attribute, column);
        columns.push(column);
      }
      restrict(column, 1 << index, clause);
    }
  }
  const first = columns[0];
  const second = columns[1];
  if (first === undefined) throw new TypeError("a table needs clauses");
  if (second === undefined) return oneColumn(first, serve);
  return columns.length === 2
    ? twoColumns(first, second, serve)
    : manyColumns(columns, everything, serve);
}

/** The outcome of the first of these rules that serves. */
function firstServed(
  matching: number,
  serve: readonly Serving[],
  state: EvaluationState,
): EvaluationDetails | undefined {
  for (let rules = matching; rules !== 0; rules &= rules - 1) {
    const details = servedTo(state, serve[lowestBit(rules)]);
    if (details !== undefined) return details;
  }
  return undefined;
}

function lowestBit(rules: number): number {
  return 31 - Math.clz32(rules & -rules);
}

/**
 * Leaves the rule's bit to the values that its clause accepts: those it had, when the rule has
 * compared this attribute before, else any.
 */
function restrict(column: Column, bit: number, clause: Clause): void {
  const { listed } = column;
  const values = clause.values as readonly Scalar[];
  const negate = isNegated(clause, operatorOf(clause));
  const first = (column.missing & bit) !== 0;
  column.missing &= ~bit;
  if (first && !negate) {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      listed.set(value, (listed.get(value) ?? column.other) | bit);
    }
    return;
  }
  const set = new Set<unknown>(values);
  for (const value of set) if (!listed.has(value)) listed.set(value, column.other);
  listed.forEach((bits, value) => {
    const kept = first || (bits & bit) !== 0;
    listed.set(value, kept && set.has(value) !== negate ? bits | bit : bits & ~bit);
  });
  if (!negate) column.other &= ~bit;
  else if (first) column.other |= bit;
}

function possible({ slot, listed, other, missing }: Column, state: EvaluationState): number {
  const value = state.read(slot);
  return value === null ? missing : missing | (listed.get(value) ?? other);
}

function oneColumn(column: Column, serve: readonly Serving[]): Step {
  return (state) => firstServed(possible(column, state), serve, state);
}

function twoColumns(first: Column, second: Column, serve: readonly Serving[]): Step {
  return (state) => firstServed(possible(first, state) & possible(second, state), serve, state);
}

function manyColumns(
  columns: readonly Column[],
  everything: number,
  serve: readonly Serving[],
): Step {
  return (state) => {
    let rules = everything;
    for (const column of columns) {
      rules &= possible(column, state);
      if (rules === 0) return undefined;
    }
    return firstServed(rules, serve, state);
  };
}
