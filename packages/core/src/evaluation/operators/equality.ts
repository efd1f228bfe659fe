import { isScalar, type JsonValue, type Scalar } from "../../json.ts";
import type { AttributeValue, Operator, ReportOperand, Test } from "./operator.ts";

/** Strict equality with any of the values; lists and objects equal nothing. */
function prepareEquality(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<AttributeValue> {
  const accepted = scalars(values, report);
  return accepted.length === 1 ? equals(accepted[0]) : isAmong(new Set(accepted));
}

function checkEquality(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): void {
  values.forEach((value, index) => {
    if (!isScalar(value)) report(NO_SCALAR, index);
  });
}

const NO_SCALAR = "must be a string, a number or a boolean";

function equals(only: Scalar | undefined): Test<AttributeValue> {
  return (value) => value === only;
}

function isAmong(set: ReadonlySet<AttributeValue>): Test<AttributeValue> {
  return (value) => set.has(value);
}

export function scalars(values: readonly JsonValue[], report: ReportOperand): Scalar[] {
  return values.filter((value, index): value is Scalar => {
    if (isScalar(value)) return true;
    report(NO_SCALAR, index);
    return false;
  });
}

const EQUALITY: Pick<Operator<AttributeValue>, "check" | "prepare" | "takesScalars"> = {
  takesScalars: true,
  check: checkEquality,
  prepare: prepareEquality,
};

export const equalityOperators: readonly Operator<AttributeValue>[] = [
  { ...EQUALITY, name: "eq", aliases: ["equals", "=="] },
  { ...EQUALITY, name: "neq", aliases: ["ne", "notEquals", "!="], negated: true },
  { ...EQUALITY, name: "in" },
  { ...EQUALITY, name: "notIn", negated: true },
];
