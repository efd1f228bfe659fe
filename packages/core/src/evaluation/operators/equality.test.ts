import { describe, expect, it } from "vitest";
import { type Case, outcome, problems } from "../../../test/clause-outcome.ts";
import { findOperator } from "./index.ts";
import { OBJECT } from "./operator.ts";

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
