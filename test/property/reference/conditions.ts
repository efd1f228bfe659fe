import { attribute, type Context } from "./attributes.ts";
import { between, operatorName, SINGLE } from "./operators.ts";

export type Written = Record<string, unknown>;
export type Segments = Record<string, unknown>;

/** A condition as written: a list, a clause, or an object that combines others. */
export function holds(condition: unknown, context: Context, segments: Segments): boolean {
  if (Array.isArray(condition)) return condition.every((part) => holds(part, context, segments));
  const written = condition as Written;
  if ("all" in written) return holds(written.all, context, segments);
  if ("any" in written) {
    return (written.any as unknown[]).some((part) => holds(part, context, segments));
  }
  if ("not" in written) return !holds(written.not, context, segments);
  if ("condition" in written) return holds(written.condition, context, segments);
  if ("segment" in written) return anySegment(written.segment, context, segments);
  return clauseHolds(written, context, segments);
}

function anySegment(names: unknown, context: Context, segments: Segments): boolean {
  const list = Array.isArray(names) ? names : [names];
  return list.some((name) => holds(segments[name as string], context, segments));
}

function clauseHolds(clause: Written, context: Context, segments: Segments): boolean {
  const operator = operatorName((clause.op ?? clause.operator) as string);
  const flips = operator.negated !== (clause.negate === true);
  const values = "value" in clause ? [clause.value] : (clause.values as unknown[]);
  if (operator.name === "segment") return anySegment(values, context, segments) !== flips;
  const actual = attribute(context, clause.attribute as string);
  if (operator.name === "exists") return (actual !== undefined) !== flips;
  if (actual === undefined) return false;
  if (operator.name === "between") return between(actual, values) !== flips;
  const single = SINGLE[operator.name] as (typeof SINGLE)[string];
  const orEqual = clause.orEqual === true;
  return values.some((operand) => single?.(actual, operand, orEqual)) !== flips;
}
