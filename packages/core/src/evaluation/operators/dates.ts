import type { JsonValue } from "../../json.ts";
import type { Operator, OperatorOptions, ReportOperand, Test, View } from "./operator.ts";

/**
 * A moment in milliseconds since the epoch: a finite number as it is, or
 * `YYYY-MM-DD[THH:MM[:SS[.f]][Z|±HH:MM]]`, in UTC when it says no offset. What is finer than a
 * millisecond is cut off. `null` for anything else, impossible dates (30 February, 24:00, a leap
 * second) included. Does not allocate.
 */
export function parseDate(value: JsonValue): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "string" ? parseIsoDate(value) : null;
}

/** An attribute as a moment, see {@link parseDate}. */
export const dateView: View<number> = {
  name: "date",
  parse: (value) => (typeof value === "symbol" ? null : parseDate(value)),
};

export const dateOperators: readonly Operator<number>[] = [
  {
    name: "before",
    view: dateView,
    takesOrEqual: true,
    prepare: (values, options, report) => before(Math.max(...dates(values, report)), options),
  },
  {
    name: "after",
    view: dateView,
    takesOrEqual: true,
    prepare: (values, options, report) => after(Math.min(...dates(values, report)), options),
  },
];

// Several values are OR, so only the easiest bound counts: the latest of `before`, the earliest
// of `after`.
function before(bound: number, { orEqual }: OperatorOptions): Test<number> {
  return orEqual ? (date) => date <= bound : (date) => date < bound;
}

function after(bound: number, { orEqual }: OperatorOptions): Test<number> {
  return orEqual ? (date) => date >= bound : (date) => date > bound;
}

function dates(values: readonly JsonValue[], report: ReportOperand): number[] {
  const parsed: number[] = [];
  for (const [index, value] of values.entries()) {
    const date = parseDate(value);
    if (date === null) report("must be an ISO 8601 date or epoch milliseconds", index);
    else parsed.push(date);
  }
  return parsed;
}

// Read by character codes: a regex's match array would be garbage at every evaluation of
// `between`, and `Date.parse` takes far more than the grammar, differently on each engine.
function parseIsoDate(text: string): number | null {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (year < 0 || !is(text, 4, DASH) || !is(text, 7, DASH)) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  const midnight = daysSinceEpoch(year, month, day) * 86_400_000;
  return text.length === 10 ? midnight : parseTime(text, midnight);
}

/** The rest from the `T` at index 10 on, added to the day. */
function parseTime(text: string, midnight: number): number | null {
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  if (!is(text, 10, UPPER_T) || !is(text, 13, COLON)) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return null;
  let time = midnight + hour * 3_600_000 + minute * 60_000;
  let at = 16;
  if (is(text, at, COLON)) {
    const second = digits(text, 17, 2);
    if (second < 0 || second > 59) return null;
    time += second * 1000;
    at = 19;
    if (is(text, at, DOT)) {
      const from = ++at;
      for (let unit = 100; isDigit(text, at); at++, unit = unit > 1 ? unit / 10 : 0) {
        time += digits(text, at, 1) * unit;
      }
      if (at === from) return null;
    }
  }
  return parseOffset(text, at, time);
}

function parseOffset(text: string, at: number, local: number): number | null {
  if (at === text.length) return local;
  if (is(text, at, UPPER_Z)) return at + 1 === text.length ? local : null;
  const hour = digits(text, at + 1, 2);
  const minute = digits(text, at + 4, 2);
  if (!is(text, at + 3, COLON) || text.length !== at + 6) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return null;
  const offset = hour * 3_600_000 + minute * 60_000;
  if (is(text, at, PLUS)) return local - offset;
  return is(text, at, DASH) ? local + offset : null;
}

const DASH = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

function is(text: string, at: number, code: number): boolean {
  return text.charCodeAt(at) === code;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** The number that exactly `count` digits write, -1 if they are not digits. */
function digits(text: string, at: number, count: number): number {
  let number = 0;
  for (let index = at; index < at + count; index++) {
    if (!isDigit(text, index)) return -1;
    number = number * 10 + text.charCodeAt(index) - 0x30;
  }
  return number;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * Days from 1970-01-01 in the proleptic Gregorian calendar. The year is taken to begin in March,
 * so that the leap day comes last; `Date.UTC` would read the years 0 to 99 as 1900 to 1999.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return shifted * 365 + leapDays + dayOfYear - 719_468;
}
