import type { Clause, Condition } from "../definition/flag.ts";
import type { JsonValue } from "../json.ts";
import { readAttribute } from "./attributes.ts";
import { type ConditionCompiler, compileCondition, segmentNames } from "./condition.ts";
import { type AttributeValue, OBJECT } from "./operators/operator.ts";
import type { EvaluationState } from "./state.ts";
import type { ConditionTrace } from "./trace.ts";

/** What a condition gave, part by part: looks at every part, where evaluation stops early. */
export function explainCondition(
  condition: Condition,
  state: EvaluationState,
  compiler: ConditionCompiler,
): ConditionTrace {
  const explain = (inner: Condition) => explainCondition(inner, state, compiler);
  if ("all" in condition) return joined("all", condition.all.map(explain));
  if ("any" in condition) return joined("any", condition.any.map(explain));
  if ("not" in condition) {
    const inner = explain(condition.not);
    return { kind: "not", condition: inner, outcome: !inner.outcome };
  }
  if ("segment" in condition) {
    const traces = segmentNames(condition.segment).map((segment): ConditionTrace => {
      const inner = explain(compiler.segmentDefinition(segment));
      return { kind: "segment", segment, condition: inner, outcome: inner.outcome };
    });
    const [only] = traces;
    return only !== undefined && traces.length === 1 ? only : joined("any", traces);
  }
  return explainClause(condition, state, compiler);
}

function joined(kind: "all" | "any", conditions: readonly ConditionTrace[]): ConditionTrace {
  const outcomes = conditions.map(({ outcome }) => outcome);
  const outcome = kind === "all" ? !outcomes.includes(false) : outcomes.includes(true);
  return { kind, conditions, outcome };
}

function explainClause(
  clause: Clause,
  state: EvaluationState,
  compiler: ConditionCompiler,
): ConditionTrace {
  const { attribute, op, values = [], negate = false } = clause;
  return {
    kind: "clause",
    attribute,
    op,
    values,
    negate,
    actual: shown(readAttribute(state.context, attribute)),
    outcome: compileCondition(clause, compiler)(state),
  };
}

/** Longest text that a trace shows whole. */
const MAX_SHOWN = 200;

/** An attribute in a trace: JSON, an object just as `{}`, and long texts cut. */
export function shown(value: AttributeValue | undefined): JsonValue | undefined {
  if (value === undefined) return undefined;
  if (value === OBJECT) return {};
  if (typeof value === "string" && value.length > MAX_SHOWN) return `${value.slice(0, MAX_SHOWN)}…`;
  return value as JsonValue;
}
