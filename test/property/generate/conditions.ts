import { dates, FAMILIES, OPERATORS } from "./attributes.ts";
import type { Tape } from "./tape.ts";

export type Written = Record<string, unknown>;

const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  eq: ["equals", "==", "EQ", "e-q"],
  neq: ["ne", "notEquals", "!=", "not_equals"],
  notIn: ["not_in", "not-in", "NOT_IN"],
  notContains: ["not_contains", "NotContains"],
  startsWith: ["starts_with", "STARTS-WITH"],
  endsWith: ["ends_with"],
  matches: ["regex"],
  gt: [">", "greaterThan"],
  gte: [">=", "greaterThanOrEqual"],
  lt: ["<", "less_than"],
  lte: ["<=", "lessThanOrEqual"],
  notExists: ["not_exists"],
  semver_eq: ["semVerEqual", "semverEq"],
  semver_gt: ["semVerGreaterThan"],
  semver_lt: ["semVerLessThan"],
  semver_range: ["semver", "SemVer"],
  cidr: ["CIDR"],
};

const NAMES = Object.keys(OPERATORS);

/** A condition in any of its written forms. `segments` are the ones that may be named. */
export function buildCondition(tape: Tape, depth: number, segments: readonly string[]): unknown {
  const form = tape.below(depth > 0 ? 14 : 6);
  const inner = () => buildCondition(tape, depth - 1, segments);
  if (form === 5 && segments.length > 0) return segmentCondition(tape, segments);
  if (form < 7) return buildClause(tape);
  if (form < 9) return { all: tape.list(1, 3, inner) };
  if (form < 11) return { any: tape.list(1, 3, inner) };
  if (form < 13) return { not: tape.chance(30) ? tape.list(1, 2, inner) : inner() };
  return tape.chance(50) ? { condition: inner() } : tape.list(1, 3, inner);
}

function segmentCondition(tape: Tape, segments: readonly string[]): Written {
  if (tape.chance(60)) return { segment: tape.pick(segments) };
  if (tape.chance(50)) return { segment: tape.some(segments) };
  const op = tape.pick(["segment", "segmentMatch", "segment_match"]);
  const negate = tape.chance(30) ? { negate: true } : {};
  return { op, values: tape.some(segments), ...negate };
}

export function buildClause(tape: Tape): Written {
  const canonical = tape.pick(NAMES);
  const family = OPERATORS[canonical] as (typeof OPERATORS)[string];
  const others = OTHER_NAMES[canonical] ?? [];
  const op = others.length > 0 && tape.chance(25) ? tape.pick(others) : canonical;
  const attribute = tape.pick(tape.chance(85) ? family.attributes : tape.pick(FAMILIES).attributes);
  const clause: Written = { attribute, [tape.chance(15) ? "operator" : "op"]: op };
  if (tape.chance(25)) clause.negate = tape.chance(85);
  if (canonical === "exists" || canonical === "notExists") return clause;
  if (canonical === "between") clause.values = bounds(tape);
  else if (tape.chance(20)) clause.value = tape.pick(operandsOf(tape, canonical));
  else clause.values = tape.list(1, 3, () => tape.pick(operandsOf(tape, canonical)));
  if (canonical === "before" || canonical === "after") {
    if (tape.chance(40)) clause.orEqual = tape.chance(75);
  }
  return clause;
}

const EQUALITY = ["eq", "neq", "in", "notIn", "contains", "notContains"];

function operandsOf(tape: Tape, canonical: string): readonly (string | number | boolean)[] {
  if (EQUALITY.includes(canonical) && tape.chance(40)) return tape.pick(FAMILIES).operands;
  if (canonical === "before" || canonical === "after") {
    return tape.chance(25) ? [1704067200000, 0, -1] : dates.operands;
  }
  return OPERATORS[canonical]?.operands ?? [];
}

function bounds(tape: Tape): unknown[] {
  if (tape.chance(70)) {
    const from = tape.pick([0, -1, 10, 10.5, 100]);
    return [from, from + tape.pick([0, 0.5, 1, 90])];
  }
  return tape.pick([
    ["2023-01-01", "2024-01-01"],
    ["2024-01-01", "2024-01-01"],
    ["2024-01-01T00:00:00Z", "2024-02-29"],
  ]);
}

/** The short form on a flag: attributes, groups, or both. */
export function buildConditions(tape: Tape): Written {
  const groups = { groups: tape.list(1, 2, () => tape.pick(["beta", "admin", "internal"])) };
  const form = tape.below(3);
  if (form === 0) return groups;
  const attributes: Written = {};
  for (const make of tape.list(1, 2, () => buildShortAttribute)) {
    const [name, wanted] = make(tape);
    attributes[name] = wanted;
  }
  return form === 1 ? { attributes } : { attributes, ...groups };
}

function buildShortAttribute(tape: Tape): [string, unknown] {
  const form = tape.below(5);
  const family = tape.pick(FAMILIES);
  const name = tape.pick(family.attributes);
  const scalar = () => tape.pick(family.operands);
  if (form === 0) return [name, scalar()];
  if (form === 1) return [name, tape.list(1, 3, scalar)];
  if (form === 2) {
    const [low, high] = [
      tape.pick(["gt", "gte", ">="]),
      tape.pick(["lt", "lte", "lessThanOrEqual"]),
    ];
    const both = { [low]: tape.pick([0, 10, 10.5]), [high]: tape.pick([10, 100]) };
    return [tape.pick(["age", "usage_count"]), tape.chance(50) ? both : { [low]: 10 }];
  }
  if (form === 3) {
    const op = tape.pick(["lt", "lte", "gt", "gte", "<", "greater_than_or_equal", ">"]);
    return ["created_at", { [op]: tape.pick(dates.operands) }];
  }
  return [name, { [tape.pick(["in", "notIn", "eq", "neq"])]: tape.list(1, 2, scalar) }];
}
