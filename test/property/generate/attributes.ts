import type { Tape } from "./tape.ts";

/** A family of values: what operands are made of, and attributes that are like them, or nearly. */
interface Family {
  readonly attributes: readonly string[];
  readonly operands: readonly (string | number | boolean)[];
  readonly actuals: readonly unknown[];
}

const text: Family = {
  attributes: ["plan", "country", "user.plan", "a.b.c"],
  operands: ["pro", "free", "PRO", "p", "ro", "", "1", "true", "ünï", "😀", "é"],
  actuals: ["pro", "free", "PRO", "prof", "", "1", "true", "ünïcode", "😀", "\ud83d", "e\u0301"],
};

const keys: Family = {
  attributes: ["targetingKey", "userId", "sessionId"],
  operands: ["user-1", "user-2", "42", "", 42, 7],
  actuals: [
    "user-1",
    "user-2",
    "user-3",
    "42",
    42,
    "",
    " user-1",
    0,
    -0,
    1e21,
    0.1,
    "пользователь-7",
  ],
};

const numbers: Family = {
  attributes: ["age", "usage_count", "user.age"],
  operands: [0, 1, -1, 10, 10.5, 100, 0.1, 9007199254740991, 1e21, -0],
  actuals: [0, 1, -1, 10, 10.5, 10.499999, 100, 99, 0.30000000000000004, 1e21, "10", -0],
};

const flags: Family = {
  attributes: ["is_verified", "anonymous"],
  operands: [true, false],
  actuals: [true, false, "true", 1, 0],
};

const lists: Family = {
  attributes: ["groups", "roles", "perms", "labels"],
  operands: ["beta", "admin", "internal", 1, true, "b", ""],
  actuals: [
    ["beta"],
    ["admin", "beta"],
    "beta",
    [],
    [1],
    [true, "x"],
    ["Beta"],
    [["beta"]],
    "betatest",
  ],
};

export const dates: Family = {
  attributes: ["created_at", "user.since"],
  operands: [
    "2024-01-01",
    "2024-02-29",
    "2024-01-01T12:30",
    "2024-01-01T00:00:00Z",
    "2024-01-01T02:00:00+02:00",
    "2023-12-31T23:59:59.999",
    "1969-12-31T23:59:59-05:30",
  ],
  actuals: [
    "2024-01-01",
    "2024-01-01T00:00:00.001Z",
    "2023-12-31T23:59:59.999Z",
    "2024-01-01T12:30:00",
    "2023-02-29",
    "2024-13-01",
    "2024-01-01T24:00",
    "2024-01-01 00:00",
    "2024-1-1",
    "yesterday",
    1704067200000,
    1704067199999,
    new Date("2024-01-01"),
    new Date(Number.NaN),
    "2024-02-29T00:00+14:00",
    "2024-01-01T00:00:60Z",
  ],
};

const versions: Family = {
  attributes: ["version", "app.version"],
  operands: [
    "1.2.3",
    "v1.2.3",
    "1.2",
    "2",
    "1.2.3-beta.1",
    "1.2.3-beta.11",
    "1.2.3+build",
    "10.0.0",
  ],
  actuals: [
    "1.2.3",
    "v1.2.3",
    "1.2",
    "1",
    "1.2.3-beta.2",
    "1.2.3-beta.11",
    "1.2.3-alpha",
    "1.2.3+other",
    "10.0.0",
    "9.9.9",
    "01.2.3",
    "1.2.3.4",
    "latest",
    "1.2.3-",
    " 1.2.3",
    1.2,
  ],
};

const ranges: Family = {
  ...versions,
  operands: [
    "^1.2.0",
    "~1.2",
    ">=1.0.0 <2.0.0",
    "1.x || 10",
    "*",
    "1.2.3-alpha - 1.2.3",
    ">=1.2.3-beta.3",
  ],
};

const addresses: Family = {
  attributes: ["ip", "net.ip"],
  operands: [
    "10.0.0.0/8",
    "10.1.2.3",
    "10.1.2.3/31",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:db8::1",
    "::ffff:10.1.2.3",
    "::ffff:10.0.0.0/104",
    "::1/128",
  ],
  actuals: [
    "10.1.2.3",
    "10.1.2.2",
    "11.0.0.1",
    "::ffff:10.1.2.3",
    "::FFFF:0A01:0203",
    "2001:db8::1",
    "2001:0DB8:0:0:0:0:0:2",
    "2001:db9::1",
    "::1",
    "10.1.2",
    "010.1.2.3",
    "localhost",
  ],
};

const patterns: Family = {
  ...text,
  operands: [
    "^p",
    "r.$",
    "(?i)^PRO$",
    "a|e",
    "\\d+",
    "[[:alpha:]]+\\z",
    "x{2,3}",
    "",
    "^$",
    "\\bfree\\b",
    "ü.*",
  ],
};

/** Operator → the family that it is about. Names as in the canonical form. */
export const OPERATORS: Readonly<Record<string, Family>> = {
  eq: text,
  neq: text,
  in: keys,
  notIn: flags,
  contains: lists,
  notContains: lists,
  startsWith: text,
  endsWith: text,
  matches: patterns,
  gt: numbers,
  gte: numbers,
  lt: numbers,
  lte: numbers,
  between: numbers,
  before: dates,
  after: dates,
  exists: text,
  notExists: text,
  semver_eq: versions,
  semver_gt: versions,
  semver_gte: versions,
  semver_lt: versions,
  semver_lte: versions,
  semver_range: ranges,
  cidr: addresses,
};

export const FAMILIES: readonly Family[] = [
  text,
  keys,
  numbers,
  flags,
  lists,
  dates,
  versions,
  addresses,
];

/** Not attributes as JSON has them. */
const STRANGE: readonly unknown[] = [
  null,
  undefined,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  Symbol("x"),
  () => "pro",
  new Map([["plan", "pro"]]),
  { plan: "pro" },
  [],
  {},
];

/** A context: attributes that fit what is asked of them, and ones that nearly do. */
export function buildContext(tape: Tape): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  if (!tape.chance(15)) context.targetingKey = subject(tape);
  // Where a path would go on: nothing that it can step through.
  if (tape.chance(8)) context.user = tape.pick(["plan", ["plan"], null, new Date(0)]);
  for (const family of FAMILIES) {
    for (const name of family.attributes) {
      if (name === "targetingKey" || !tape.chance(80)) continue;
      const value = tape.chance(8)
        ? tape.pick(STRANGE)
        : tape.pick(tape.chance(12) ? tape.pick(FAMILIES).actuals : family.actuals);
      if (tape.chance(30)) context[name] = value;
      else setNested(context, name.split("."), value);
    }
  }
  return context;
}

export function subject(tape: Tape): unknown {
  if (tape.chance(20)) return tape.pick(keys.actuals);
  return `user-${tape.below(40)}`;
}

function setNested(
  target: Record<string, unknown>,
  steps: readonly string[],
  value: unknown,
): void {
  const [first, ...rest] = steps as [string, ...string[]];
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = target[first];
  if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
    setNested(inner as Record<string, unknown>, rest, value);
  } else if (inner === undefined) {
    const made: Record<string, unknown> = {};
    target[first] = made;
    setNested(made, rest, value);
  }
}
