import type { Clause, Condition } from "../definition/flag.ts";
import type { JsonValue } from "../json.ts";
import { MISSING, RAW, type SlotTable } from "./attributes.ts";
import { findOperator } from "./operators/index.ts";
import { type AttributeValue, OBJECT, type OperatorOptions } from "./operators/operator.ts";
import type { EvaluationState } from "./state.ts";
import type { ConditionTrace } from "./trace.ts";

/** A compiled condition. `explain` looks at every part, `test` stops when it knows. */
export interface ConditionNode {
  readonly test: (state: EvaluationState) => boolean;
  readonly explain: (state: EvaluationState) => ConditionTrace;
}

export interface ConditionCompiler {
  readonly slots: SlotTable;
  readonly operatorOptions: Omit<OperatorOptions, "orEqual">;
  /** The compiled segment of a name; the loader has made sure that there is one. */
  readonly segment: (name: string) => ConditionNode;
}

export function compileCondition(condition: Condition, compiler: ConditionCompiler): ConditionNode {
  if ("all" in condition) return compileList("all", condition.all, compiler);
  if ("any" in condition) return compileList("any", condition.any, compiler);
  if ("not" in condition) return compileNot(compileCondition(condition.not, compiler));
  if ("segment" in condition) {
    const names = typeof condition.segment === "string" ? [condition.segment] : condition.segment;
    return join(
      "any",
      names.map((name) => compileSegmentReference(name, compiler)),
    );
  }
  return compileClause(condition, compiler);
}

function compileList(
  kind: "all" | "any",
  conditions: readonly Condition[],
  compiler: ConditionCompiler,
): ConditionNode {
  return join(
    kind,
    conditions.map((condition) => compileCondition(condition, compiler)),
  );
}

function join(kind: "all" | "any", nodes: readonly ConditionNode[]): ConditionNode {
  const [first, second] = nodes;
  if (first !== undefined && nodes.length === 1) return first;
  return {
    test:
      first !== undefined && second !== undefined && nodes.length === 2
        ? joinTwo(kind, first.test, second.test)
        : joinMany(kind, nodes),
    explain: (state) => {
      const traces = nodes.map((node) => node.explain(state));
      const outcome =
        kind === "all"
          ? traces.every((trace) => trace.outcome)
          : traces.some((trace) => trace.outcome);
      return { kind, conditions: traces, outcome };
    },
  };
}

type Predicate = ConditionNode["test"];

function joinTwo(kind: "all" | "any", first: Predicate, second: Predicate): Predicate {
  return kind === "all"
    ? (state) => first(state) && second(state)
    : (state) => first(state) || second(state);
}

function joinMany(kind: "all" | "any", nodes: readonly ConditionNode[]): Predicate {
  const tests = nodes.map((node) => node.test);
  const stop = kind === "any";
  return (state) => {
    for (const test of tests) if (test(state) === stop) return stop;
    return !stop;
  };
}

function compileNot(node: ConditionNode): ConditionNode {
  const { test, explain } = node;
  return {
    test: (state) => !test(state),
    explain: (state) => {
      const condition = explain(state);
      return { kind: "not", condition, outcome: !condition.outcome };
    },
  };
}

function compileSegmentReference(name: string, compiler: ConditionCompiler): ConditionNode {
  const node = compiler.segment(name);
  return {
    test: node.test,
    explain: (state) => {
      const condition = node.explain(state);
      return { kind: "segment", segment: name, condition, outcome: condition.outcome };
    },
  };
}

const NO_VALUES: readonly JsonValue[] = [];

function compileClause(clause: Clause, compiler: ConditionCompiler): ConditionNode {
  const operator = findOperator(clause.op);
  if (operator === undefined) throw new TypeError(`operator ${clause.op} was not checked`);
  const { slots, operatorOptions } = compiler;
  const values = clause.values ?? NO_VALUES;
  const options: OperatorOptions = { ...operatorOptions, orEqual: clause.orEqual === true };
  const satisfies = operator.prepare(values, options, (message) => {
    throw new TypeError(`clause on ${clause.attribute} was not checked: ${message}`);
  });
  const negate = (operator.negated === true) !== (clause.negate === true);
  const slot = slots.slot(clause.attribute, operator.view ?? RAW);
  const test =
    operator.takesValues === false
      ? presence(slot, !negate)
      : operator.view === undefined
        ? rawClause(slot, satisfies, negate)
        : viewClause(slot, satisfies, negate);
  const rawSlot = slots.slot(clause.attribute, RAW);
  return {
    test,
    explain: (state) => ({
      kind: "clause",
      attribute: clause.attribute,
      op: clause.op,
      values,
      negate: clause.negate === true,
      actual: shown(state.read(rawSlot) as AttributeValue | typeof MISSING),
      outcome: test(state),
    }),
  };
}

function presence(slot: number, present: boolean): Predicate {
  return (state) => (state.read(slot) !== MISSING) === present;
}

type Satisfies = (value: AttributeValue) => boolean;

// A missing attribute makes the clause false, negated or not.
function rawClause(slot: number, satisfies: Satisfies, negate: boolean): Predicate {
  if (negate) {
    return (state) => {
      const value = state.read(slot);
      return value !== MISSING && !satisfies(value as AttributeValue);
    };
  }
  return (state) => {
    const value = state.read(slot);
    return value !== MISSING && satisfies(value as AttributeValue);
  };
}

/** Like {@link rawClause}; an attribute that is no such thing (`null`) fails before the negation. */
function viewClause(
  slot: number,
  satisfies: (value: unknown) => boolean,
  negate: boolean,
): Predicate {
  return (state) => {
    const value = state.read(slot);
    return value !== MISSING && (value !== null && satisfies(value)) !== negate;
  };
}

/** The attribute in a trace: JSON, and long texts cut. */
export function shown(value: AttributeValue | typeof MISSING | undefined): JsonValue | undefined {
  if (value === MISSING || value === undefined) return undefined;
  if (value === OBJECT) return {};
  if (typeof value === "string" && value.length > 200) return `${value.slice(0, 200)}…`;
  return value as JsonValue;
}
