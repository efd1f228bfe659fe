import type { JsonValue } from "../../json.ts";
import type { Operator, ReportOperand, Test, View } from "./operator.ts";
import {
  compareVersions,
  parseRange,
  parseVersion,
  type Range,
  satisfies,
  type Version,
} from "./semver-range.ts";

/** An attribute as a semantic version, parsed once per subject. */
const versionView: View<Version> = {
  name: "version",
  parse: (value) => (typeof value === "string" ? parseVersion(value) : null),
};

export const semverOperators: readonly Operator<Version>[] = [
  { name: "semver_eq", aliases: ["semVerEqual"], view: versionView, prepare: prepareEqual },
  ordering("semver_gt", ["semVerGreaterThan"], lowest, (order) => order > 0),
  ordering("semver_gte", [], lowest, (order) => order >= 0),
  ordering("semver_lt", ["semVerLessThan"], highest, (order) => order < 0),
  ordering("semver_lte", [], highest, (order) => order <= 0),
  { name: "semver_range", aliases: ["semver"], view: versionView, prepare: prepareRange },
];

function prepareEqual(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<Version> {
  const accepted = versions(values, report);
  return anyOf(accepted, (version, wanted) => compareVersions(version, wanted) === 0);
}

/** Several values are OR, so an ordering only has to hold for the easiest of them. */
function ordering(
  name: string,
  aliases: readonly string[],
  easiest: (a: Version, b: Version) => Version,
  holds: (order: number) => boolean,
): Operator<Version> {
  return {
    name,
    aliases,
    view: versionView,
    prepare: (values, _options, report) => {
      const [first, ...rest] = versions(values, report);
      if (first === undefined) return () => false;
      const bound = rest.reduce(easiest, first);
      return (version) => holds(compareVersions(version, bound));
    },
  };
}

function lowest(a: Version, b: Version): Version {
  return compareVersions(a, b) <= 0 ? a : b;
}

function highest(a: Version, b: Version): Version {
  return compareVersions(a, b) >= 0 ? a : b;
}

function prepareRange(
  values: readonly JsonValue[],
  _options: unknown,
  report: ReportOperand,
): Test<Version> {
  const ranges: Range[] = [];
  for (const [index, value] of values.entries()) {
    const range = typeof value === "string" ? parseRange(value) : null;
    if (range === null) report("must be a range of versions, such as ^1.2.0 or >=1.2 <3", index);
    else ranges.push(range);
  }
  return anyOf(ranges, satisfies);
}

function versions(values: readonly JsonValue[], report: ReportOperand): Version[] {
  const parsed: Version[] = [];
  for (const [index, value] of values.entries()) {
    const version = typeof value === "string" ? parseVersion(value) : null;
    if (version === null) report("must be a semantic version, such as 1.2.3", index);
    else parsed.push(version);
  }
  return parsed;
}

function anyOf<T>(
  operands: readonly T[],
  test: (version: Version, operand: T) => boolean,
): Test<Version> {
  const [only] = operands;
  if (operands.length === 1 && only !== undefined) return (version) => test(version, only);
  return (version) => {
    for (const operand of operands) if (test(version, operand)) return true;
    return false;
  };
}
