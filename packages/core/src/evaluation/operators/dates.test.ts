import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcome, problems } from "../../../test/clause-outcome.ts";
import type { JsonValue } from "../../json.ts";
import { parseDate } from "./dates.ts";
import { type AttributeValue, OBJECT } from "./operator.ts";

const DAY = Date.UTC(2024, 1, 29);

const dates: [JsonValue, number | null][] = [
  [0, 0],
  [-1.5, -1.5],
  [1e300, 1e300],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
  ["2024-02-29", DAY],
  ["2024-02-29T00:00", DAY],
  ["2024-02-29T12:30", DAY + 45_000_000],
  ["2024-02-29T23:59:59", DAY + 86_399_000],
  ["2024-02-29T23:59:59Z", DAY + 86_399_000],
  ["2024-02-29T00:00:00.5", DAY + 500],
  ["2024-02-29T00:00:00.05Z", DAY + 50],
  ["2024-02-29T00:00:00.1239999999999999", DAY + 123],
  ["2024-02-29T00:00Z", DAY],
  ["2024-02-29T00:00+01:00", DAY - 3_600_000],
  ["2024-02-29T00:00:00.001-05:30", DAY + 19_800_001],
  ["2024-02-29T00:00-00:00", DAY],
  ["2024-02-29T00:00-23:59", DAY + 86_340_000],
  ["0000-01-01", -62_167_219_200_000],
  ["0099-12-31", -59_011_545_600_000],
  ["1969-12-31T23:59:59.9999", -1],
  ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
  ["2023-02-29", null],
  ["1900-02-29", null],
  ["2000-02-29", Date.UTC(2000, 1, 29)],
  ["2024-04-31", null],
  ["2024-00-01", null],
  ["2024-13-01", null],
  ["2024-01-00", null],
  ["2024-01-32", null],
  ["2024-01-01T24:00", null],
  ["2024-01-01T00:60", null],
  ["2024-01-01T00:00:60", null],
  ["2024-01-01T00:00+24:00", null],
  ["2024-01-01T00:00+00:60", null],
  ["2024-01-01T00", null],
  ["2024-01-01T00:0", null],
  ["2024-01-01T00:00:", null],
  ["2024-01-01T00:00:00.", null],
  ["2024-01-01T00:00:00.Z", null],
  ["2024-01-01T00:00.5", null],
  ["2024-01-01T00:00:00,5", null],
  ["2024-01-01T00:00+0100", null],
  ["2024-01-01T00:00+01-00", null],
  ["2024-01-01T00:00+01:000", null],
  ["2024-01-01T00:00+01", null],
  ["2024-01-01T00:00Z ", null],
  ["2024-01-01T00:00ZZ", null],
  ["2024-01-01Z", null],
  ["2024-01-01 00:00", null],
  ["2024-01-01t00:00z", null],
  [" 2024-01-01", null],
  ["2024-1-1", null],
  ["20240101", null],
  ["+002024-01-01", null],
  ["-2024-01-01", null],
  ["2024-01", null],
  ["٢٠٢٤-01-01", null],
  ["1704067200000", null],
  ["", null],
  [true, null],
  [null, null],
  [["2024-01-01"], null],
  [{ year: 2024 }, null],
];

describe("parseDate", () => {
  it.each(dates)("%j is %s", (value, expected) => {
    expect(parseDate(value)).toBe(expected);
  });

  it("agrees with Date on what Date writes", () => {
    const moment = fc.date({
      min: new Date("0000-01-01T00:00:00.000Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moment, (date) => parseDate(date.toISOString()) === date.getTime()),
      { numRuns: 2000 },
    );
  });

  it("agrees with Date on which days there are", () => {
    const two = (number: number): string => String(number).padStart(2, "0");
    for (const year of [0, 1, 4, 99, 100, 400, 1900, 1970, 2000, 2023, 2024]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
          const date = new Date(`${text}T00:00:00Z`);
          // Date takes 30 February for 1 March.
          const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
          expect(parseDate(text), text).toBe(exists ? date.getTime() : null);
        }
      }
    }
  });
});

type Case = [
  attribute: AttributeValue,
  operator: string,
  values: JsonValue[],
  orEqual: boolean,
  expected: boolean,
];

const cases: Case[] = [
  ["2024-01-01", "before", ["2024-01-02"], false, true],
  ["2024-01-02", "before", ["2024-01-02"], false, false],
  ["2024-01-02", "before", ["2024-01-02"], true, true],
  ["2024-01-03", "before", ["2024-01-02"], true, false],
  ["2024-01-03", "before", ["2024-01-02", "2024-01-04"], false, true],
  ["2024-01-03", "after", ["2024-01-02"], false, true],
  ["2024-01-02", "after", ["2024-01-02"], false, false],
  ["2024-01-02", "after", ["2024-01-02"], true, true],
  ["2024-01-03", "after", ["2024-01-04", "2024-01-02"], false, true],
  ["2024-01-02T01:00+02:00", "before", ["2024-01-02"], false, true],
  [Date.UTC(2024, 0, 1), "before", ["2024-01-02"], false, true],
  ["2024-01-01", "before", [Date.UTC(2024, 0, 2)], false, true],
  ["tomorrow", "before", ["2024-01-02"], false, false],
  ["tomorrow", "after", ["2024-01-02"], true, false],
  [["2024-01-01"], "before", ["2024-01-02"], false, false],
  [true, "before", ["2024-01-02"], false, false],
  [OBJECT, "after", ["2024-01-02"], false, false],
];

describe("before, after", () => {
  it.each(cases)("%o %s %j (orEqual: %s) is %s", (attribute, name, values, orEqual, expected) => {
    expect(outcome(attribute, name, values, { orEqual })).toBe(expected);
  });

  it("takes dates only", () => {
    const message = "must be an ISO 8601 date or epoch milliseconds";
    expect(problems("before", ["2024-02-30", 1, null])).toEqual([
      [message, 0],
      [message, 2],
    ]);
    expect(problems("after", ["soon"])).toEqual([[message, 0]]);
  });
});
