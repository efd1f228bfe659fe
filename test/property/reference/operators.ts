import { RE2JS } from "re2js";
import { dateOf } from "./dates.ts";
import { inBlock, isBlock } from "./network.ts";
import { compareVersions, inRange, isRange, versionOf } from "./versions.ts";

/** Whether one operand holds for the attribute, which is there. A wrong type is `false`. */
type Holds = (actual: unknown, operand: unknown, orEqual: boolean) => boolean;

const LONGEST_SUBJECT = 4096;

const text =
  (holds: (actual: string, operand: string) => boolean): Holds =>
  (actual, operand) =>
    typeof actual === "string" && typeof operand === "string" && holds(actual, operand);

const numeric =
  (holds: (actual: number, operand: number) => boolean): Holds =>
  (actual, operand) =>
    typeof actual === "number" && typeof operand === "number" && holds(actual, operand);

const version =
  (holds: (order: number) => boolean): Holds =>
  (actual, operand) => {
    const left = versionOf(actual);
    const right = versionOf(operand);
    return left !== undefined && right !== undefined && holds(compareVersions(left, right));
  };

const dated =
  (holds: (actual: number, operand: number, orEqual: boolean) => boolean): Holds =>
  (actual, operand, orEqual) => {
    const left = dateOf(actual);
    const right = dateOf(operand);
    return left !== undefined && right !== undefined && holds(left, right, orEqual);
  };

function contains(actual: unknown, operand: unknown): boolean {
  if (Array.isArray(actual)) return actual.some((item) => item === operand);
  return typeof actual === "string" && typeof operand === "string" && actual.includes(operand);
}

export const SINGLE: Record<string, Holds> = {
  eq: (actual, operand) => actual === operand,
  in: (actual, operand) => actual === operand,
  contains,
  startswith: text((actual, operand) => actual.startsWith(operand)),
  endswith: text((actual, operand) => actual.endsWith(operand)),
  matches: text(
    (actual, operand) =>
      actual.length <= LONGEST_SUBJECT && RE2JS.compile(operand).matcher(actual).find(),
  ),
  gt: numeric((actual, operand) => actual > operand),
  gte: numeric((actual, operand) => actual >= operand),
  lt: numeric((actual, operand) => actual < operand),
  lte: numeric((actual, operand) => actual <= operand),
  before: dated((actual, bound, orEqual) => actual < bound || (orEqual && actual === bound)),
  after: dated((actual, bound, orEqual) => actual > bound || (orEqual && actual === bound)),
  semvereq: version((order) => order === 0),
  semvergt: version((order) => order > 0),
  semvergte: version((order) => order >= 0),
  semverlt: version((order) => order < 0),
  semverlte: version((order) => order <= 0),
  semverrange: (actual, operand) => {
    const is = versionOf(actual);
    return is !== undefined && inRange(is, operand as string);
  },
  cidr: (actual, operand) => inBlock(actual, operand as string),
};

/** Exactly two bounds: two numbers, or two ISO dates. */
export function between(actual: unknown, bounds: readonly unknown[]): boolean {
  const [low, high] = bounds;
  if (typeof low === "number" && typeof high === "number") {
    return typeof actual === "number" && low <= actual && actual <= high;
  }
  const at = dateOf(actual);
  return at !== undefined && (dateOf(low) as number) <= at && at <= (dateOf(high) as number);
}

const ALIASES: Record<string, string> = {
  equals: "eq",
  "==": "eq",
  ne: "neq",
  notequals: "neq",
  "!=": "neq",
  regex: "matches",
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
  greaterthan: "gt",
  greaterthanorequal: "gte",
  lessthan: "lt",
  lessthanorequal: "lte",
  semver: "semverrange",
  semverequal: "semvereq",
  semvergreaterthan: "semvergt",
  semverlessthan: "semverlt",
  segmentmatch: "segment",
};

/** One name an operator, without case, `_` and `-`; negated names as such. */
export function operatorName(written: string): { name: string; negated: boolean } {
  const bare = written.toLowerCase().replaceAll(/[_-]/g, "");
  const name = ALIASES[bare] ?? bare;
  const positive = { neq: "eq", notin: "in", notcontains: "contains", notexists: "exists" }[name];
  return positive === undefined ? { name, negated: false } : { name: positive, negated: true };
}

/** Whether the operand of a single-valued operator (by its bare name) is one that it takes. */
export function takes(name: string, operand: unknown): boolean {
  if (name === "before" || name === "after") return dateOf(operand) !== undefined;
  if (name === "semverrange") return typeof operand === "string" && isRange(operand);
  if (name.startsWith("semver")) return versionOf(operand) !== undefined;
  if (name === "cidr") return typeof operand === "string" && isBlock(operand);
  if (name === "matches") return typeof operand === "string" && isPattern(operand);
  return true;
}

function isPattern(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
