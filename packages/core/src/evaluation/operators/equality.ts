import { isScalar, type JsonValue, type Scalar } from "../../json.ts";
import type { AttributeValue, Operator, ReportOperand, Test } from "./operator.ts";

/** Strict equality with any of the values; lists and objects equal nothing. */
function prepareEquality(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<AttributeValue> {
  const accepted = scalars(values, report);
  if (accepted.length === 1) {
    const only = accepted[0];
    return (value) => value === only;
  }
  const set: ReadonlySet<AttributeValue> = new Set(accepted);
  return (value) => set.has(value);
}

export function scalars(values: readonly JsonValue[], report: ReportOperand): Scalar[] {
  return values.filter((value, index): value is Scalar => {
    if (isScalar(value)) return true;
    report("must be a string, a number or a boolean", index);
    return false;
  });
}

export const equalityOperators: readonly Operator<AttributeValue>[] = [
  { name: "eq", aliases: ["equals", "=="], prepare: prepareEquality },
  { name: "neq", aliases: ["ne", "notEquals", "!="], negated: true, prepare: prepareEquality },
  { name: "in", prepare: prepareEquality },
  { name: "notIn", negated: true, prepare: prepareEquality },
];
