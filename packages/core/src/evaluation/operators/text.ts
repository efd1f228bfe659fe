import type { JsonValue, Scalar } from "../../json.ts";
import { scalars } from "./equality.ts";
import type { AttributeValue, Operator, OperatorOptions, ReportOperand, Test } from "./operator.ts";
import { compileRegex } from "./regex/compile.ts";

export const textOperators: readonly Operator<AttributeValue>[] = [
  { name: "contains", takesScalars: true, prepare: prepareContains },
  { name: "notContains", negated: true, takesScalars: true, prepare: prepareContains },
  { name: "startsWith", prepare: onStrings((text, part) => text.startsWith(part)) },
  { name: "endsWith", prepare: onStrings((text, part) => text.endsWith(part)) },
  { name: "matches", aliases: ["regex"], prepare: prepareMatches },
];

/** A list holds any of the values; a string has any of the string values in it. */
function prepareContains(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<AttributeValue> {
  const wanted = scalars(values, report);
  const [only] = wanted;
  if (wanted.length === 1 && only !== undefined) {
    return (value) => {
      if (typeof value === "string") return typeof only === "string" && value.includes(only);
      return typeof value === "object" && value.includes(only);
    };
  }
  const elements: ReadonlySet<Scalar> = new Set(wanted);
  const parts = wanted.filter((value) => typeof value === "string");
  return (value) => {
    if (typeof value === "string") {
      for (const part of parts) if (value.includes(part)) return true;
    } else if (typeof value === "object") {
      for (const element of value) if (elements.has(element)) return true;
    }
    return false;
  };
}

function onStrings(
  test: (text: string, part: string) => boolean,
): Operator<AttributeValue>["prepare"] {
  return (values, _options, report) => {
    const parts = strings(values, report);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      return (value) => typeof value === "string" && test(value, only);
    }
    return (value) => {
      if (typeof value !== "string") return false;
      for (const part of parts) if (test(value, part)) return true;
      return false;
    };
  };
}

function strings(values: readonly JsonValue[], report: ReportOperand): string[] {
  return values.filter((value, index): value is string => {
    if (typeof value === "string") return true;
    report("must be a string", index);
    return false;
  });
}

/** Any of the patterns occurs in the string. One that is too long matches nothing, and is counted. */
function prepareMatches(
  values: readonly JsonValue[],
  options: OperatorOptions,
  report: ReportOperand,
): Test<AttributeValue> {
  const tests: ((subject: string) => boolean)[] = [];
  for (const [index, value] of values.entries()) {
    if (typeof value !== "string") {
      report("must be a regular expression, as a string", index);
      continue;
    }
    const compiled = compileRegex(value, options.regexEngine);
    if ("problem" in compiled) report(compiled.problem, index);
    else tests.push(compiled.test);
  }
  const { maxSubjectLength, counters } = options;
  const fits = (value: AttributeValue): value is string => {
    if (typeof value !== "string") return false;
    if (value.length <= maxSubjectLength) return true;
    counters.oversizedSubjects++;
    return false;
  };
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return (value) => fits(value) && only(value);
  return (value) => {
    if (!fits(value)) return false;
    for (const test of tests) if (test(value)) return true;
    return false;
  };
}
