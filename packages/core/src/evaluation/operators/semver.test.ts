import fc from "fast-check";
import semver from "semver";
import { describe, expect, it } from "vitest";
import { type Case, outcome, problems } from "../../../test/clause-outcome.ts";
import { findOperator } from "./index.ts";
import { OBJECT } from "./operator.ts";

const comparisons: Case[] = [
  ["1.2.3", "semver_eq", ["1.2.3"], true],
  ["v1.2.3", "semver_eq", ["1.2.3"], true],
  ["1.2.3", "semver_eq", ["v1.2.3"], true],
  ["1.2", "semver_eq", ["1.2.0"], true],
  ["1", "semver_eq", ["1.0.0"], true],
  ["1.2.3+linux", "semver_eq", ["1.2.3+mac"], true],
  ["1.2-beta", "semver_eq", ["1.2.0-beta"], true],
  ["1.2.3-beta", "semver_eq", ["1.2.3"], false],
  ["1.2.4", "semver_eq", ["1.2.3", "1.2.4"], true],
  ["1.2.5", "semver_eq", ["1.2.3", "1.2.4"], false],
  ["2.0.0", "semver_gt", ["10.0.0"], false],
  ["10.0.0", "semver_gt", ["2.0.0"], true],
  ["1.0.0", "semver_gt", ["1.0.0"], false],
  ["1.5.0", "semver_gt", ["2.0.0", "1.0.0"], true],
  ["1.0.0", "semver_gte", ["1.0.0"], true],
  ["1.0.0-rc.1", "semver_gte", ["1.0.0"], false],
  ["1.0.0-rc.1", "semver_lt", ["1.0.0"], true],
  ["1.5.0", "semver_lt", ["1.0.0", "2.0.0"], true],
  ["1.0.0", "semver_lt", ["1.0.0"], false],
  ["1.0.0", "semver_lte", ["1.0.0"], true],
  ["1.0.1", "semver_lte", ["1.0.0"], false],
  // Numbers in pre-releases are compared exactly, however large.
  ["1.0.0-90071992547409931", "semver_gt", ["1.0.0-90071992547409930"], true],
  ["1.0.0-90071992547409931", "semver_gt", ["1.0.0-5"], true],
  ["1.0.0-90071992547409931", "semver_lt", ["1.0.0-a"], true],
  ["1.0.0-90071992547409931", "semver_eq", ["1.0.0-90071992547409931"], true],
  // No versions.
  ["", "semver_gte", ["0.0.0"], false],
  ["v", "semver_gte", ["0.0.0"], false],
  ["V1.0.0", "semver_gte", ["0.0.0"], false],
  ["vv1.0.0", "semver_gte", ["0.0.0"], false],
  ["=1.0.0", "semver_gte", ["0.0.0"], false],
  ["1.0.0.0", "semver_gte", ["0.0.0"], false],
  ["01.0.0", "semver_gte", ["0.0.0"], false],
  ["1.0.0-01", "semver_gte", ["0.0.0"], false],
  ["1.0.0-", "semver_gte", ["0.0.0"], false],
  ["1.0.0-a..b", "semver_gte", ["0.0.0"], false],
  ["1.0.0+", "semver_gte", ["0.0.0"], false],
  ["1.x", "semver_gte", ["0.0.0"], false],
  [" 1.0.0", "semver_gte", ["0.0.0"], false],
  ["1.0.0\n", "semver_gte", ["0.0.0"], false],
  ["9007199254740991.0.0", "semver_gte", ["0.0.0"], true],
  ["9007199254740992.0.0", "semver_gte", ["0.0.0"], false],
  [`1.0.0-${"a".repeat(251)}`, "semver_gte", ["0.0.0"], false],
  [1, "semver_gte", ["0.0.0"], false],
  [["1.0.0"], "semver_eq", ["1.0.0"], false],
  [OBJECT, "semver_gte", ["0.0.0"], false],
  ["1.2", "semver_range", ["^1.2.0"], true],
  ["v1.9", "semver", ["^1.2.0"], true],
  ["2.1.0", "semver_range", ["^1.2.0", "^2.0.0"], true],
  ["3.0.0", "semver_range", ["^1.2.0", "^2.0.0"], false],
];

describe("semver", () => {
  it.each(comparisons)("%o %s %j is %s", (attribute, operator, values, expected) => {
    expect(outcome(attribute, operator, values)).toBe(expected);
  });

  it.each([
    ["semver", "semver_range"],
    ["semVerEqual", "semver_eq"],
    ["semVerGreaterThan", "semver_gt"],
    ["semVerLessThan", "semver_lt"],
    ["SEMVER_GTE", "semver_gte"],
  ])("finds %s as %s", (written, name) => {
    expect(findOperator(written)?.name).toBe(name);
  });

  it("orders as the specification does", () => {
    // From https://semver.org, items 11.2 and 11.4.4.
    const ascending = [
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-rc.1",
      "1.0.0",
      "2.0.0",
      "2.1.0",
      "2.1.1",
    ];
    for (const [lower, a] of ascending.entries()) {
      for (const [higher, b] of ascending.entries()) {
        expect(outcome(a, "semver_lt", [b]), `${a} < ${b}`).toBe(lower < higher);
        expect(outcome(a, "semver_eq", [b]), `${a} = ${b}`).toBe(lower === higher);
      }
    }
  });

  it("takes versions and ranges only", () => {
    expect(problems("semver_gt", ["1.0.0", "1.x", 1])).toEqual([
      ["must be a semantic version, such as 1.2.3", 1],
      ["must be a semantic version, such as 1.2.3", 2],
    ]);
    expect(problems("semver_range", ["^1", "^", 1, " ".repeat(1025)])).toEqual(
      [1, 2, 3].map((index) => ["must be a range of versions, such as ^1.2.0 or >=1.2 <3", index]),
    );
  });
});

const ranges: [range: string, inside: string[], outside: string[]][] = [
  ["1.2.3", ["1.2.3", "1.2.3+build"], ["1.2.4", "1.2.3-beta"]],
  ["=1.2.3", ["1.2.3"], ["1.2.2"]],
  ["v1.2.3", ["1.2.3"], ["1.2.2"]],
  [">1.2.3", ["1.2.4", "2.0.0"], ["1.2.3", "1.3.0-beta"]],
  [">= 1.2.3", ["1.2.3"], ["1.2.2", "1.2.3-beta"]],
  ["<1.2.3", ["1.2.2"], ["1.2.3", "1.2.3-beta"]],
  ["<1.2.3-beta", ["1.2.3-alpha", "1.2.2"], ["1.2.3-beta", "1.2.2-alpha"]],
  ["<=1.2.3", ["1.2.3"], ["1.2.4"]],
  [">=1.2.3 <2.0.0", ["1.9.9"], ["2.0.0", "1.2.2"]],
  ["> 1.2.3  < 1.2.5", ["1.2.4"], ["1.2.3", "1.2.5"]],
  ["1.2.3 || 2.0.0", ["1.2.3", "2.0.0"], ["1.3.0"]],
  ["1.2.7||>=1.2.9 <2.0.0", ["1.2.7", "1.2.9", "1.4.6"], ["1.2.8", "2.0.0"]],
  ["1.2.3 - 2.3.4", ["1.2.3", "2.3.4"], ["1.2.2", "2.3.5"]],
  ["1.2 - 2.3.4", ["1.2.0"], ["1.1.9"]],
  ["1.2.3 - 2.3", ["2.3.9"], ["2.4.0", "2.4.0-0"]],
  ["1.2.3 - 2", ["2.9.9"], ["3.0.0"]],
  ["* - 2", ["0.0.1", "2.9.9"], ["3.0.0"]],
  ["1.2.3-a - 1.2.3-c", ["1.2.3-b"], ["1.2.3-d", "1.2.3"]],
  ["*", ["0.0.0", "9.9.9"], ["1.0.0-beta"]],
  ["", ["0.0.0", "9.9.9"], ["1.0.0-beta"]],
  ["1.2.3 ||", ["0.0.0", "9.9.9"], ["1.0.0-beta"]],
  ["x", ["1.0.0"], []],
  ["1.x", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.9", "1.5.0-beta"]],
  ["1.X.X", ["1.0.0"], ["2.0.0"]],
  ["1.2.*", ["1.2.0", "1.2.9"], ["1.3.0", "1.3.0-0"]],
  ["1", ["1.9.0"], ["2.0.0"]],
  ["1.2", ["1.2.9"], ["1.3.0"]],
  [">1", ["2.0.0"], ["1.9.9"]],
  [">1.2", ["1.3.0"], ["1.2.9"]],
  ["<=1.2", ["1.2.9"], ["1.3.0"]],
  ["<1", ["0.9.9"], ["1.0.0", "1.0.0-beta"]],
  [">=1.x", ["1.0.0"], ["0.9.9"]],
  [">*", [], ["0.0.0", "1.0.0"]],
  ["~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]],
  ["~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]],
  ["~1", ["1.0.0", "1.9.9"], ["2.0.0"]],
  ["~> 1.2.3", ["1.2.9"], ["1.3.0"]],
  ["~0.2.3", ["0.2.9"], ["0.3.0"]],
  ["~1.2.3-beta.2", ["1.2.3-beta.4", "1.2.4"], ["1.2.4-beta.2", "1.2.3-beta.1"]],
  ["^1.2.3", ["1.2.3", "1.9.9"], ["2.0.0", "1.2.2", "2.0.0-alpha"]],
  ["^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4", "0.0.2"]],
  ["^1.2.3-beta.2", ["1.2.3-beta.2", "1.2.3-beta.4", "1.2.3", "1.3.0"], ["1.2.4-beta.2"]],
  ["^0.0.3-beta", ["0.0.3-pr.2", "0.0.3"], ["0.0.4"]],
  ["^1.2.x", ["1.2.0", "1.9.0"], ["2.0.0"]],
  ["^0.0.x", ["0.0.0", "0.0.9"], ["0.1.0"]],
  ["^0.0", ["0.0.9"], ["0.1.0"]],
  ["^1.x", ["1.0.0"], ["2.0.0"]],
  ["^0.x", ["0.0.0", "0.9.0"], ["1.0.0"]],
  ["^ 1.2", ["1.9.0"], ["2.0.0"]],
  ["^*", ["5.0.0"], ["5.0.0-a"]],
  [">1.2.3-alpha.3", ["1.2.3-alpha.7", "3.4.5"], ["3.4.5-alpha.9"]],
  [">=1.2.3+build", ["1.2.3"], ["1.2.2"]],
  ["* || 1.2.3-beta", ["1.0.0"], ["1.2.3-beta"]],
];

const notRanges = [
  "foo",
  "^",
  "~",
  ">",
  ">=",
  ">1.2.3 foo",
  "1.2.3 |",
  "1.2.3 | 2.0.0",
  "1.2.3.4",
  "01.2.3",
  "1.2.3-01",
  "1.2.3beta",
  "1.2-beta",
  "=>1.2.3",
  "> =1.2.3 =",
  "1.2.3 -",
  "1.2.3 - ",
  "- 1.2.3",
  "1.2.3 - 2.0.0 - 3.0.0",
  "!1.2.3",
  "x.1",
  "1.x.3",
  "9007199254740992.0.0",
  "^9007199254740991",
  "latest",
  "1,2",
];

describe("semver_range", () => {
  it.each(ranges)("%s", (range, inside, outside) => {
    for (const [versions, expected] of [
      [inside, true],
      [outside, false],
    ] as const) {
      for (const version of versions) {
        // node-semver first: the table itself has to be right.
        expect(semver.satisfies(version, range), `node-semver: ${version}`).toBe(expected);
        expect(outcome(version, "semver_range", [range]), version).toBe(expected);
      }
    }
  });

  it.each(notRanges)("%s is no range", (range) => {
    expect(semver.validRange(range)).toBe(null);
    expect(problems("semver_range", [range])).toHaveLength(1);
  });
});

const number = fc.oneof(
  { weight: 9, arbitrary: fc.nat({ max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(10, 9_007_199_254_740_990) },
);
const identifier = fc.constantFrom(
  "0",
  "1",
  "2",
  "10",
  "a",
  "alpha",
  "beta",
  "-",
  "a-1",
  "1a",
  "x",
);
const prerelease = fc
  .array(identifier, { minLength: 1, maxLength: 3 })
  .map((ids) => `-${ids.join(".")}`);
const optional = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant("") }, { weight: 1, arbitrary: part });
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(""));

const version = joined(
  optional(fc.constant("v")),
  fc.tuple(number, number, number).map((numbers) => numbers.join(".")),
  optional(prerelease),
  optional(fc.constantFrom("+build", "+1.a")),
);
const component = fc.oneof(
  { weight: 4, arbitrary: number.map(String) },
  { weight: 1, arbitrary: fc.constantFrom("x", "X", "*") },
);
const partial = joined(
  optional(fc.constantFrom("v", "=", "v=")),
  fc.array(component, { minLength: 1, maxLength: 3 }).map((components) => components.join(".")),
  optional(prerelease),
);
const operator = fc.constantFrom(
  "",
  "",
  "<",
  "<=",
  ">",
  ">=",
  "=",
  "~",
  "~>",
  "^",
  "> ",
  "^ ",
  "~> ",
);
const comparator = joined(operator, fc.oneof(version, partial));
const alternative = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(comparator, { minLength: 1, maxLength: 3 }).map((all) => all.join(" ")),
  },
  { weight: 1, arbitrary: joined(partial, fc.constantFrom(" - ", "  -  ", "- "), partial) },
);
const range = fc
  .array(alternative, { minLength: 1, maxLength: 3 })
  .chain((all) => fc.constantFrom("||", " || ", "|| ").map((or) => all.join(or)));
/** Parts in any order: mostly no ranges, and the oddest of those that are. */
const soup = fc
  .array(
    fc.constantFrom(
      "1",
      "0",
      "2.0.0",
      ".",
      "x",
      "*",
      "v",
      "=",
      "<",
      ">",
      "~",
      "^",
      " ",
      "-",
      "||",
      "a",
      "+",
      "1.2",
      "-0",
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(""));

describe("semver beside node-semver", () => {
  it("compares alike", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(outcome(a, "semver_eq", [b])).toBe(semver.eq(a, b));
        expect(outcome(a, "semver_gt", [b])).toBe(semver.gt(a, b));
        expect(outcome(a, "semver_gte", [b])).toBe(semver.gte(a, b));
        expect(outcome(a, "semver_lt", [b])).toBe(semver.lt(a, b));
        expect(outcome(a, "semver_lte", [b])).toBe(semver.lte(a, b));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["written with care", range, 10_000],
    ["thrown together", soup, 10_000],
  ])("reads ranges alike, %s", (_, ranges, numRuns) => {
    fc.assert(
      fc.property(ranges, fc.array(version, { minLength: 8, maxLength: 8 }), (range, versions) => {
        const valid = semver.validRange(range) !== null;
        expect(problems("semver_range", [range]).length === 0).toBe(valid);
        if (!valid) return;
        for (const version of versions) {
          expect(outcome(version, "semver_range", [range]), version).toBe(
            semver.satisfies(version, range),
          );
        }
      }),
      { numRuns },
    );
  });
});
