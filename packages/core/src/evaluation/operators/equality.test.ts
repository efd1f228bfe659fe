import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../json.ts";
import { findOperator } from "./index.ts";
import {
  type AttributeValue,
  DEFAULT_MAX_SUBJECT_LENGTH,
  OBJECT,
  type OperatorOptions,
} from "./operator.ts";

const OPTIONS: OperatorOptions = {
  orEqual: false,
  regexEngine: undefined,
  maxSubjectLength: DEFAULT_MAX_SUBJECT_LENGTH,
  counters: { oversizedSubjects: 0 },
};

/** The outcome of a clause on an attribute that is there. */
function outcome(
  attribute: AttributeValue,
  name: string,
  values: readonly JsonValue[],
  options: Partial<OperatorOptions> = {},
): boolean {
  const operator = findOperator(name)!;
  const test = operator.prepare(values, { ...OPTIONS, ...options }, (message) => {
    throw new Error(message);
  });
  const value = operator.view === undefined ? attribute : operator.view.parse(attribute);
  return (value !== null && test(value)) !== (operator.negated ?? false);
}

function problems(name: string, values: readonly JsonValue[]): [string, number | undefined][] {
  const found: [string, number | undefined][] = [];
  findOperator(name)!.prepare(values, OPTIONS, (message, index) => found.push([message, index]));
  return found;
}

type Case = [attribute: AttributeValue, operator: string, values: JsonValue[], expected: boolean];

const cases: Case[] = [
  ["pro", "eq", ["pro"], true],
  ["pro", "eq", ["Pro"], false],
  ["pro", "eq", ["free", "pro"], true],
  ["", "eq", [""], true],
  [1, "eq", [1], true],
  [1, "eq", ["1"], false],
  ["1", "eq", [1], false],
  [1, "eq", [true], false],
  [true, "eq", [true], true],
  [true, "eq", ["true"], false],
  [false, "eq", [0], false],
  [0, "eq", [-0], true],
  [-0, "in", [0, 1], true],
  [["pro"], "eq", ["pro"], false],
  [["pro"], "in", ["pro", "free"], false],
  [OBJECT, "eq", ["[object Object]"], false],
  [OBJECT, "in", ["a", "b"], false],
  ["b", "in", ["a", "b"], true],
  ["c", "in", ["a", "b"], false],
  [2, "in", [1, "2"], false],
  [2, "in", [1, 2], true],
  ["pro", "neq", ["pro"], false],
  ["pro", "neq", ["free"], true],
  ["1", "neq", [1], true],
  [["pro"], "neq", ["pro"], true],
  [OBJECT, "neq", ["pro"], true],
  ["a", "notIn", ["a", "b"], false],
  ["c", "notIn", ["a", "b"], true],
  [["a"], "notIn", ["a", "b"], true],
];

describe("equality", () => {
  it.each(cases)("%o %s %j is %s", (attribute, operator, values, expected) => {
    expect(outcome(attribute, operator, values)).toBe(expected);
  });

  it.each([
    ["EQ", "eq"],
    ["equals", "eq"],
    ["==", "eq"],
    ["!=", "neq"],
    ["ne", "neq"],
    ["not_equals", "neq"],
    ["not-in", "notIn"],
    ["NOT_IN", "notIn"],
  ])("finds %s as %s", (written, name) => {
    expect(findOperator(written)?.name).toBe(name);
  });

  it("takes scalars only", () => {
    expect(problems("in", ["a", null, ["a"], { a: 1 }])).toEqual([
      ["must be a string, a number or a boolean", 1],
      ["must be a string, a number or a boolean", 2],
      ["must be a string, a number or a boolean", 3],
    ]);
  });
});
