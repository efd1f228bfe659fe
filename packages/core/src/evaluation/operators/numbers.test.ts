import { describe, expect, it } from "vitest";
import { type Case, outcome, problems } from "../../../test/clause-outcome.ts";
import type { JsonValue } from "../../json.ts";
import { findOperator } from "./index.ts";
import { OBJECT } from "./operator.ts";

const cases: Case[] = [
  [2, "gt", [1], true],
  [1, "gt", [1], false],
  [1, "gt", [5, 0], true],
  [1, "gte", [1], true],
  [0.5, "gte", [1], false],
  [4, "gte", [9, 4], true],
  [0, "lt", [1], true],
  [1, "lt", [1], false],
  [4, "lt", [1, 5], true],
  [1, "lte", [1], true],
  [2, "lte", [1], false],
  [3, "lte", [3, 1], true],
  [-1.5, "lt", [-1], true],
  ["2", "gt", [1], false],
  [true, "gt", [0], false],
  [[2], "gt", [1], false],
  [OBJECT, "lt", [1], false],
  [1, "between", [1, 3], true],
  [3, "between", [1, 3], true],
  [3.1, "between", [1, 3], false],
  [0, "between", [1, 3], false],
  [2, "between", [2, 2], true],
  ["2", "between", [1, 3], false],
  ["2024-06-01", "between", ["2024-01-01", "2024-12-31"], true],
  ["2024-12-31", "between", ["2024-01-01", "2024-12-31"], true],
  ["2024-12-31T00:01", "between", ["2024-01-01", "2024-12-31"], false],
  ["2024-01-01T01:00+02:00", "between", ["2024-01-01", "2024-12-31"], false],
  [Date.UTC(2024, 5, 1), "between", ["2024-01-01", "2024-12-31"], true],
  ["someday", "between", ["2024-01-01", "2024-12-31"], false],
  [OBJECT, "between", ["2024-01-01", "2024-12-31"], false],
  // The epoch lies inside: what is no date must not pass for it.
  ["someday", "between", ["1960-01-01", "1980-01-01"], false],
  ["1970-01-01", "between", ["1960-01-01", "1980-01-01"], true],
];

describe("numbers", () => {
  it.each(cases)("%o %s %j is %s", (attribute, operator, values, expected) => {
    expect(outcome(attribute, operator, values)).toBe(expected);
  });

  it.each([
    [">", "gt"],
    [">=", "gte"],
    ["<", "lt"],
    ["<=", "lte"],
    ["greater_than", "gt"],
    ["greaterThanOrEqual", "gte"],
    ["less-than", "lt"],
    ["lessThanOrEqual", "lte"],
  ])("finds %s as %s", (written, name) => {
    expect(findOperator(written)?.name).toBe(name);
  });

  it.each<[string, JsonValue[], [string, number | undefined][]]>([
    ["gt", [1, "2"], [["must be a number", 1]]],
    ["lte", [null], [["must be a number", 0]]],
    ["between", [1], [["must be exactly two values, [low, high]", undefined]]],
    ["between", [1, 2, 3], [["must be exactly two values, [low, high]", undefined]]],
    ["between", [2, 1], [["must be in ascending order, [low, high]", undefined]]],
    [
      "between",
      ["2024-02-30", "soon"],
      [
        ["must be an ISO 8601 date", 0],
        ["must be an ISO 8601 date", 1],
      ],
    ],
    [
      "between",
      ["2025-01-01", "2024-01-01"],
      [["must be in ascending order, [low, high]", undefined]],
    ],
    ["between", [1, "2024-01-01"], [["must be two numbers or two ISO 8601 dates", undefined]]],
  ])("%s %j is a problem", (operator, values, expected) => {
    expect(problems(operator, values)).toEqual(expected);
  });
});
