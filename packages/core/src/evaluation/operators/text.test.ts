import { describe, expect, it } from "vitest";
import { type Case, OPTIONS, outcome, problems } from "../../../test/clause-outcome.ts";
import type { JsonValue } from "../../json.ts";
import { findOperator } from "./index.ts";
import { OBJECT } from "./operator.ts";

const cases: Case[] = [
  ["alphabet", "contains", ["phab"], true],
  ["alphabet", "contains", ["Phab"], false],
  ["alphabet", "contains", ["x", "bet"], true],
  ["alphabet", "contains", ["x", "y"], false],
  ["alphabet", "contains", [""], true],
  ["a1", "contains", [1], false],
  ["a1", "contains", [1, true], false],
  ["a1", "contains", [2, "1"], true],
  ["true", "contains", [true], false],
  [["beta", "staff"], "contains", ["beta"], true],
  [["beta", "staff"], "contains", ["bet"], false],
  [["beta", "staff"], "contains", ["x", "staff"], true],
  [["beta", "staff"], "contains", ["x", "y"], false],
  [[1, true], "contains", [1], true],
  [[1, true], "contains", ["1"], false],
  [[1, true], "contains", ["1", "true"], false],
  [[1, true], "contains", [0, true], true],
  [[], "contains", ["a"], false],
  [1, "contains", [1], false],
  [true, "contains", [true, 1], false],
  [OBJECT, "contains", ["a"], false],
  [OBJECT, "contains", ["a", "b"], false],
  ["alphabet", "notContains", ["phab"], false],
  ["alphabet", "notContains", ["x"], true],
  [["beta"], "notContains", ["beta"], false],
  [["beta"], "notContains", ["a", "b"], true],
  [1, "notContains", [1], true],
  [OBJECT, "notContains", ["a"], true],
  ["alphabet", "startsWith", ["alpha"], true],
  ["alphabet", "startsWith", ["Alpha"], false],
  ["alphabet", "startsWith", ["bet", "alp"], true],
  ["alphabet", "startsWith", ["bet", "x"], false],
  [["alphabet"], "startsWith", ["alpha"], false],
  [["alphabet"], "startsWith", ["alpha", "x"], false],
  [12, "startsWith", ["1"], false],
  [OBJECT, "startsWith", ["["], false],
  ["alphabet", "endsWith", ["bet"], true],
  ["alphabet", "endsWith", ["alpha"], false],
  ["alphabet", "endsWith", ["x", "bet"], true],
  [["alphabet"], "endsWith", ["bet"], false],
  ["a@acme.example", "matches", ["@acme\\.example$"], true],
  ["a@acme.example.org", "matches", ["@acme\\.example$"], false],
  ["a@ACME.example", "matches", ["@acme\\.example$"], false],
  ["v12", "matches", ["^a", "\\d"], true],
  ["v", "matches", ["^a", "\\d"], false],
  [12, "matches", ["1"], false],
  [["12"], "matches", ["1"], false],
  [["12"], "matches", ["1", "2"], false],
  [OBJECT, "matches", ["."], false],
];

describe("text", () => {
  it.each(cases)("%o %s %j is %s", (attribute, operator, values, expected) => {
    expect(outcome(attribute, operator, values)).toBe(expected);
  });

  it("finds regex as matches", () => {
    expect(findOperator("regex")?.name).toBe("matches");
  });

  it.each<[string, JsonValue[], [string, number | undefined][]]>([
    [
      "contains",
      ["a", null, ["a"]],
      [
        ["must be a string, a number or a boolean", 1],
        ["must be a string, a number or a boolean", 2],
      ],
    ],
    ["startsWith", ["a", 1], [["must be a string", 1]]],
    ["endsWith", [null], [["must be a string", 0]]],
    ["matches", ["a", 1], [["must be a regular expression, as a string", 1]]],
    [
      "matches",
      ["(a", "b", "(?=c)"],
      [
        ["must be a regular expression in RE2 syntax: missing closing )", 0],
        ["must not use look-around, which RE2 syntax does not have", 2],
      ],
    ],
    [
      "matches",
      ["(a+)+$"],
      [["needs a linear-time regular expression engine for this pattern: install re2js", 0]],
    ],
  ])("%s %j is a problem", (operator, values, expected) => {
    expect(problems(operator, values)).toEqual(expected);
  });

  it("compiles with the engine what is not certainly linear, once", () => {
    const compiled: string[] = [];
    const subjects: string[] = [];
    const regexEngine = {
      compile(pattern: string) {
        compiled.push(pattern);
        return (subject: string) => subjects.push(subject) > 1;
      },
    };
    const matches = findOperator("matches")!;
    const test = matches.prepare(["(a+)+$"], { ...OPTIONS, regexEngine }, () => {});
    expect([test("a"), test("b")]).toEqual([false, true]);
    expect(compiled).toEqual(["(a+)+$"]);
    expect(subjects).toEqual(["a", "b"]);
  });

  it.each([[["a"]], [["a", "b"]]])(
    "does not match %j in subjects that are too long, and counts them",
    (patterns) => {
      const counters = { oversizedSubjects: 0 };
      const options = { maxSubjectLength: 5, counters };
      expect(outcome("xxxxa", "matches", patterns, options)).toBe(true);
      expect(counters.oversizedSubjects).toBe(0);
      expect(outcome("xxxxxa", "matches", patterns, options)).toBe(false);
      expect(counters.oversizedSubjects).toBe(1);
      // Emoji are two code units.
      expect(outcome("a😀😀😀", "matches", patterns, options)).toBe(false);
      expect(outcome(["xxxxxa"], "matches", patterns, options)).toBe(false);
      expect(counters.oversizedSubjects).toBe(2);
    },
  );
});
