import type { Clause, Condition } from "../definition/flag.ts";
import type { JsonValue } from "../json.ts";
import { RAW, type SlotTable, UNFIT } from "./attributes.ts";
import { findOperator } from "./operators/index.ts";
import type { AnyOperator, AttributeValue, OperatorOptions } from "./operators/operator.ts";
import type { EvaluationState } from "./state.ts";

/** A compiled condition. */
export type Predicate = (state: EvaluationState) => boolean;

export interface ConditionCompiler {
  readonly slots: SlotTable;
  readonly operatorOptions: OperatorOptions;
  /** The same with `orEqual`, made once for all clauses. */
  readonly orEqualOptions: OperatorOptions;
  /** The compiled segment of a name; the loader has made sure that there is one. */
  readonly segment: (name: string) => Predicate;
  readonly segmentDefinition: (name: string) => Condition;
}

export function compileCondition(condition: Condition, compiler: ConditionCompiler): Predicate {
  if ("all" in condition) return join("all", compileEach(condition.all, compiler));
  if ("any" in condition) return join("any", compileEach(condition.any, compiler));
  if ("not" in condition) return negated(compileCondition(condition.not, compiler));
  if ("segment" in condition) {
    return join("any", segmentNames(condition.segment).map(compiler.segment));
  }
  return compileClause(condition, compiler);
}

export function segmentNames(segment: string | readonly string[]): readonly string[] {
  return typeof segment === "string" ? [segment] : segment;
}

function compileEach(conditions: readonly Condition[], compiler: ConditionCompiler): Predicate[] {
  return conditions.map((condition) => compileCondition(condition, compiler));
}

/** Short lists, the usual ones, without a loop. */
function join(kind: "all" | "any", tests: readonly Predicate[]): Predicate {
  const [first, second] = tests;
  if (first !== undefined && tests.length === 1) return first;
  if (first !== undefined && second !== undefined && tests.length === 2) {
    return kind === "all" ? bothOf(first, second) : eitherOf(first, second);
  }
  return kind === "all" ? allOf(tests) : anyOf(tests);
}

// Each closure is made in a function of its own: it keeps alive what it needs and nothing else.

function bothOf(first: Predicate, second: Predicate): Predicate {
  return (state) => first(state) && second(state);
}

function eitherOf(first: Predicate, second: Predicate): Predicate {
  return (state) => first(state) || second(state);
}

function allOf(tests: readonly Predicate[]): Predicate {
  return (state) => {
    for (const test of tests) if (!test(state)) return false;
    return true;
  };
}

function anyOf(tests: readonly Predicate[]): Predicate {
  return (state) => {
    for (const test of tests) if (test(state)) return true;
    return false;
  };
}

function negated(test: Predicate): Predicate {
  return (state) => !test(state);
}

/** The operator of a clause that the loader has checked. */
export function operatorOf(clause: Clause): AnyOperator {
  const operator = findOperator(clause.op);
  if (operator === undefined) throw new TypeError(`operator ${clause.op} was not checked`);
  return operator;
}

/** Whether the clause flips its operator's test: by `negate`, by the operator's name, or neither. */
export function isNegated(clause: Clause, operator: AnyOperator): boolean {
  return (operator.negated === true) !== (clause.negate === true);
}

const NO_VALUES: readonly JsonValue[] = [];

function compileClause(clause: Clause, compiler: ConditionCompiler): Predicate {
  const operator = operatorOf(clause);
  const { slots } = compiler;
  const negate = isNegated(clause, operator);
  const slot = slots.slot(clause.attribute, operator.view ?? RAW);
  if (operator.takesValues === false) return presence(slot, !negate);
  const options = clause.orEqual === true ? compiler.orEqualOptions : compiler.operatorOptions;
  const satisfies = operator.prepare(clause.values ?? NO_VALUES, options, refuseOperand);
  if (operator.view !== undefined) return viewClause(slot, satisfies, negate);
  return negate ? negatedClause(slot, satisfies) : plainClause(slot, satisfies);
}

function refuseOperand(message: string): never {
  throw new TypeError(`a clause was not checked: ${message}`);
}

function presence(slot: number, present: boolean): Predicate {
  return (state) => (state.read(slot) !== null) === present;
}

type Satisfies = (value: AttributeValue) => boolean;

// A missing attribute makes the clause false, negated or not.

function plainClause(slot: number, satisfies: Satisfies): Predicate {
  return (state) => {
    const value = state.read(slot);
    return value !== null && satisfies(value as AttributeValue);
  };
}

function negatedClause(slot: number, satisfies: Satisfies): Predicate {
  return (state) => {
    const value = state.read(slot);
    return value !== null && !satisfies(value as AttributeValue);
  };
}

/** In a view, an attribute that is no such thing is present, and satisfies nothing. */
function viewClause(
  slot: number,
  satisfies: (value: unknown) => boolean,
  negate: boolean,
): Predicate {
  return (state) => {
    const value = state.read(slot);
    return value !== null && (value !== UNFIT && satisfies(value)) !== negate;
  };
}
