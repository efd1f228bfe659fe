import { Ajv, type ValidateFunction } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import schema from "../packages/core/schema.json" with { type: "json" };
import {
  operators,
  SEGMENT_OPERATOR_NAMES,
} from "../packages/core/src/evaluation/operators/index.ts";
import { HalyardError } from "../packages/core/src/index.ts";
import { buildScene } from "./property/generate/document.ts";
import { builtOfTwo, type Tape } from "./property/generate/tape.ts";
import { load } from "./property/harness.ts";
import { parameters } from "./property/runs.ts";
import { pages, read, snippetsOf, tableBelow } from "./readme/snippets.ts";

// The schema that editors check flag files with, held against the loader.

const validate: ValidateFunction = new Ajv({
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
}).compile(schema);

function complaints(document: unknown): string {
  if (validate(document)) return "";
  return JSON.stringify(validate.errors?.slice(0, 5));
}

function problemsOf(document: unknown): readonly string[] {
  try {
    load(document);
    return [];
  } catch (error) {
    if (error instanceof HalyardError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

const canonical = operators.map(({ name }) => name);
const names = [
  ...operators.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  ...SEGMENT_OPERATOR_NAMES,
];

/** Case, `_` and `-` do not matter in names, and patterns have no flags that say so. */
function patternOf(all: readonly string[]): string {
  const folded = new Set(all.map((name) => name.toLowerCase().replaceAll(/[_-]/g, "")));
  const letter = (text: string) => (/[a-z]/.test(text) ? `[${text}${text.toUpperCase()}]` : text);
  const words = [...folded].map((name) => [...name].map(letter).join("[_-]*"));
  return `^[_-]*(?:${words.join("|")})[_-]*$`;
}

describe("operators", () => {
  const [listed, loose] = schema.definitions.operator.anyOf;

  it("are completed by editors: all of them, the usual names first", () => {
    expect(listed?.enum?.toSorted()).toEqual(names.toSorted());
    expect(listed?.enum?.slice(0, canonical.length)).toEqual(canonical);
  });

  it("are known in every spelling", () => {
    expect(loose?.pattern).toBe(patternOf(listed?.enum ?? []));
  });

  it.each(names)("%s has one family, which says what its operands are", (name) => {
    const families = Object.values(schema.definitions.clause.allOf).flatMap((part) =>
      "if" in part ? [part.if.anyOf[0]?.properties.op?.pattern ?? "$^"] : [],
    );
    expect(families.filter((pattern) => new RegExp(pattern).test(name))).toHaveLength(1);
  });

  it("are all in the reference, with their other names", () => {
    const rows = tableBelow("packages/core/README.md", "Operators");
    const table = rows.map(([name, others = ""]) => [name, ...others.split(", ").filter(Boolean)]);
    const known = operators.map(({ name, aliases = [] }) => [name, ...aliases]);
    expect(table).toEqual([...known, SEGMENT_OPERATOR_NAMES]);
  });
});

describe("what loads is accepted", () => {
  const yaml = pages
    .flatMap(snippetsOf)
    .filter(({ language, directive }) => language === "yaml" && !directive.includes("broken"));

  it.each(yaml.map(({ page, line, code }) => [`${page}:${line}`, code] as const))(
    "%s",
    (_at, code) => {
      expect(complaints(parse(code))).toBe("");
    },
  );

  it.each(["express", "koa", "fastify"])("examples/%s/features.yaml", (name) => {
    const text = read(`examples/${name}/features.yaml`);
    expect(complaints(parse(text))).toBe("");
    expect(text).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/packages\/core\/schema\.json$/m,
    );
  });

  it("documents of every shape, also in canonical form", () => {
    fc.assert(
      fc.property(
        builtOfTwo((tape, other) => buildScene(tape, other, 1).document),
        (document) => {
          expect(complaints(asJson(document))).toBe("");
          const { flags, segments, aliases } = load(document);
          const again = {
            flags: Object.fromEntries(flags),
            segments: Object.fromEntries(segments),
            aliases: Object.fromEntries(aliases),
          };
          expect(complaints(asJson(again))).toBe("");
        },
      ),
      parameters(),
    );
  });
});

const flag = (definition: unknown) => ({ flags: { f: definition } });
const rule = (inner: object) => flag({ rules: [{ id: "r", serve: "on", ...inner }] });
const clause = (inner: object) => rule({ when: { attribute: "a", ...inner } });
const rollout = (inner: object) => flag({ fallthrough: { rollout: inner } });

const invalid: Readonly<Record<string, unknown>> = {
  "a list as a document": [],
  "an unknown field of a document": { flag: {} },
  "flags beside the field for them": { beta: true },
  "a flag that is null": flag(null),
  "a flag that is empty": flag({}),
  "a key with a space": { flags: { "a b": true } },
  "a key that begins with a dot": { flags: { ".a": true } },
  "a key that is too long": { flags: { ["a".repeat(257)]: true } },
  "a misspelt field": flag({ enabeld: true, percentage: 10 }),
  "an unknown type": flag({ type: "double" }),
  "enabled as a text": flag({ enabled: "yes" }),
  "no environments": flag({ environments: [] }),
  "no variants": flag({ variants: {} }),
  "a variant without a value": flag({ variants: [{ name: "a" }] }),
  "a prerequisite without a variant": flag({ prerequisites: [{ flag: "g" }] }),
  "a prerequisite under two names": flag({
    prerequisites: [{ flag: "g", key: "g", variant: "on" }],
  }),
  "a target without values": flag({ targets: [{ variant: "on", values: [] }] }),
  "a target on an object": flag({ targets: [{ variant: "on", values: [{}] }] }),
  "a percentage below 0": flag({ percentage: -1 }),
  "a percentage above 100": flag({ percentage: 100.5 }),
  "a percentage as a text": flag({ percentage: "10" }),
  "a percentage beside a fallthrough": flag({ percentage: 10, fallthrough: { serve: "on" } }),
  "a schedule beside conditions": flag({
    conditions: { groups: ["a"] },
    schedule: [{ from: "2027-01-01", percentage: 1 }],
  }),
  "a schedule beside a rollout": flag({
    fallthrough: { rollout: { weights: { on: 1 } } },
    schedule: [{ from: "2027-01-01", percentage: 1 }],
  }),
  "a step without a time": flag({ schedule: [{ percentage: 1 }] }),
  "a step at no date": flag({ schedule: [{ from: "tomorrow", percentage: 1 }] }),
  "conditions of nothing": flag({ conditions: {} }),
  "conditions with an unknown operator": flag({ conditions: { attributes: { a: { above: 1 } } } }),
  "conditions with a text where a number belongs": flag({
    conditions: { attributes: { a: { gt: "many" } } },
  }),
  "metadata that nests": flag({ metadata: { a: {} } }),
  "a tag that is a number": flag({ tags: [1] }),
  "no date of expiry": flag({ expires: "soon" }),
  "an unknown field of a rule": rule({ if: [] }),
  "a rule that serves twice": rule({ variation: 1 }),
  "a rule with two conditions": rule({ when: [], condition: { segment: "s" } }),
  "a percentage beside a rollout": flag({
    rules: [{ rollout: { weights: { on: 1 } }, percentage: 1 }],
  }),
  "an unknown operator": clause({ op: "above", values: [1] }),
  "a clause without an operator": clause({ values: [1] }),
  "a clause with two operators": clause({ op: "eq", operator: "eq", values: [1] }),
  "a clause without values": clause({ op: "eq" }),
  "a clause with empty values": clause({ op: "in", values: [] }),
  "a clause with value and values": clause({ op: "in", value: 1, values: [1] }),
  "a clause without an attribute": rule({ when: { op: "eq", values: [1] } }),
  "an object as an operand": clause({ op: "eq", values: [{}] }),
  "values for exists": clause({ op: "exists", values: [1] }),
  "a text as a bound": clause({ op: "gte", values: ["18"] }),
  "a number as a part of a text": clause({ op: "startsWith", values: [1] }),
  "one bound of two": clause({ op: "between", values: [1] }),
  "a number and a date as bounds": clause({ op: "between", values: [1, "2027-01-01"] }),
  "orEqual of an operator that has none": clause({ op: "gt", values: [1], orEqual: true }),
  "no date": clause({ op: "before", values: ["soon"] }),
  "a version as a number": clause({ op: "semver_gte", values: [2] }),
  "orEqual of a segment": rule({ when: { op: "segment", value: "s", orEqual: true } }),
  "an attribute without a name": clause({ attribute: "", op: "eq", value: 1 }),
  "an empty all": rule({ when: { all: [] } }),
  "an all that is no list": rule({ when: { all: { segment: "s" } } }),
  "two kinds of condition in one": rule({
    when: { all: [{ segment: "s" }], any: [{ segment: "s" }] },
  }),
  "a segment without a name": rule({ when: { segment: "" } }),
  "an empty condition": rule({ when: {} }),
  "an empty segment": { segments: { s: [] } },
  "a rollout without weights": rollout({ salt: "s" }),
  "a rollout with empty weights": rollout({ weights: {} }),
  "a weight below 0": rollout({ weights: { on: -1 } }),
  "a weight as a text": rollout({ weights: { on: "50" } }),
  "a part of a hundred-thousandth": rollout({ unit: 100000, weights: { on: 0.5 } }),
  "another unit": rollout({ unit: 1000, weights: { on: 1 } }),
  "an unknown field of a rollout": rollout({ weights: { on: 1 }, seed: 1 }),
  "a group that holds a text": { flags: { g: { a: "x" } } },
  "a group with a definition in it": { flags: { g: { a: { percentage: 1 } } } },
  "an alias of a number": { flags: { a: true }, aliases: { b: 1 } },
  "a listed flag without a name": { feature_flags: [{ enabled: true }] },
  "feature_flags as a map": { feature_flags: { a: true } },
};

it.each(Object.entries(invalid))("refuses %s, as loading does", (_what, document) => {
  expect(problemsOf(document)).not.toEqual([]);
  expect(validate(document)).toBe(false);
});

it("allows x-* wherever there are fields", () => {
  const document = {
    "x-a": 1,
    flags: {
      f: {
        "x-b": {},
        rules: [{ "x-c": 1, id: "r", when: { "x-d": 1, op: "exists", attribute: "a" } }],
      },
    },
  };
  expect(complaints(document)).toBe("");
  expect(problemsOf(document)).toEqual([]);
});

/** What only loading can know: it needs more of the document than one place, or a grammar of texts. */
const BEYOND_A_SCHEMA: readonly RegExp[] = [
  // Names that must exist, or must not be there twice.
  /^there is no (segment|flag) /,
  /^unknown variant /,
  /has no variant /,
  /is a flag, so it can't be an alias/,
  /(defined|declared) twice$/,
  /^another rule goes by /,
  /has a weight already$/,
  /becomes a rule of this id/,
  /go in a circle|nest deeper|sets off more than/,
  /is no key: /,
  // The flag's type, which several fields may decide.
  /^must be an? (boolean|string|integer|number|json)\b/,
  /where the flag began as/,
  /(is for boolean flags|are boolean; others belong)/,
  /^no variant (of the flag )?is true/,
  /needs `default` or `variants`|needs a `fallthrough`|`serve` or `rollout` is missing/,
  // Totals and order.
  /^weights add up to /,
  /^must be later than the step before$/,
  /^must be in ascending order/,
  // Texts with a grammar of their own.
  /^must be an ISO 8601 date/,
  /^must be a (semantic version|range of versions)/,
  /^must be an IPv4 or IPv6|^must have a prefix of/,
  /regular expression/,
];

describe("documents with one thing changed", () => {
  const changed = builtOfTwo((tape, other) => {
    const document = asJson(buildScene(tape, other, 1).document);
    return { document: change(document, other), changed: true };
  });

  it("load when the schema accepts them, but for what a schema can't know", () => {
    fc.assert(
      fc.property(changed, ({ document }) => {
        fc.pre(validate(document));
        for (const message of problemsOf(document)) {
          expect(
            BEYOND_A_SCHEMA.some((known) => known.test(message)),
            message,
          ).toBe(true);
        }
      }),
      parameters(3),
    );
  });

  it("are accepted when they load", () => {
    fc.assert(
      fc.property(changed, ({ document }) => {
        fc.pre(problemsOf(document).length === 0);
        expect(complaints(document)).toBe("");
      }),
      parameters(3),
    );
  });
});

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  50,
  101,
  1e5,
  "",
  "on",
  "a",
  "x-1",
  "key",
  "eq",
  "exists",
  "2027-01-01",
  "2027-02-30",
  [],
  ["a"],
  [1],
  {},
  { a: 1 },
  { percentage: 5 },
  { attribute: "a", op: "eq", value: 1 },
  { segment: "beta" },
];
const FIELDS = [
  "x-note",
  "serve",
  "variation",
  "percentage",
  "rollout",
  "when",
  "condition",
  "values",
  "value",
  "op",
  "orEqual",
  "negate",
  "weights",
  "unit",
  "by",
  "default",
  "type",
  "name",
  "enabled",
  "conditions",
  "schedule",
  "fallthrough",
  "tags",
  "version",
  "colour",
];

/** The document with a value replaced, added or taken out somewhere. */
function change(document: unknown, tape: Tape): unknown {
  const places: { holder: Record<string, unknown> | unknown[]; key: string | number }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      visit(holder[key]);
    }
  };
  visit(document);
  if (places.length === 0) return document;
  const { holder, key } = tape.pick(places);
  if (tape.chance(20)) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  } else if (tape.chance(40) && !Array.isArray(holder))
    holder[tape.pick(FIELDS)] = tape.pick(VALUES);
  else (holder as Record<string | number, unknown>)[key] = tape.pick(VALUES);
  return document;
}
