import type { JsonValue } from "../../json.ts";
import { dateView, parseDate } from "./dates.ts";
import type { AttributeValue, Operator, OperatorOptions, ReportOperand, Test } from "./operator.ts";

/** Several values are OR, so an ordering only has to hold for the easiest of them. */
function ordering(
  name: string,
  aliases: readonly string[],
  easiest: (...values: number[]) => number,
  test: (bound: number) => Test<AttributeValue>,
): Operator<AttributeValue> {
  return {
    name,
    aliases,
    prepare: (values, _options, report) => test(easiest(...numbers(values, report))),
  };
}

function numbers(values: readonly JsonValue[], report: ReportOperand): number[] {
  return values.filter((value, index): value is number => {
    if (typeof value === "number" && Number.isFinite(value)) return true;
    report("must be a number", index);
    return false;
  });
}

export const numberOperators: readonly Operator<AttributeValue>[] = [
  ordering(
    "gt",
    [">", "greaterThan"],
    Math.min,
    (bound) => (value) => typeof value === "number" && value > bound,
  ),
  ordering(
    "gte",
    [">=", "greaterThanOrEqual"],
    Math.min,
    (bound) => (value) => typeof value === "number" && value >= bound,
  ),
  ordering(
    "lt",
    ["<", "lessThan"],
    Math.max,
    (bound) => (value) => typeof value === "number" && value < bound,
  ),
  ordering(
    "lte",
    ["<=", "lessThanOrEqual"],
    Math.max,
    (bound) => (value) => typeof value === "number" && value <= bound,
  ),
  { name: "between", prepare: prepareBetween },
];

function prepareBetween(
  values: readonly JsonValue[],
  _options: OperatorOptions,
  report: ReportOperand,
): Test<AttributeValue> {
  const [low, high] = values;
  if (values.length !== 2) {
    report("must be exactly two values, [low, high]");
  } else if (typeof low === "number" && typeof high === "number") {
    if (low > high) report("must be in ascending order, [low, high]");
    return (value) => typeof value === "number" && value >= low && value <= high;
  } else if (typeof low === "string" && typeof high === "string") {
    const from = parseDate(low);
    const to = parseDate(high);
    if (from === null) report("must be an ISO 8601 date", 0);
    if (to === null) report("must be an ISO 8601 date", 1);
    if (from !== null && to !== null) {
      if (from > to) report("must be in ascending order, [low, high]");
      return (value) => {
        const date = dateView.parse(value);
        return date !== null && date >= from && date <= to;
      };
    }
  } else {
    report("must be two numbers or two ISO 8601 dates");
  }
  return () => false;
}
