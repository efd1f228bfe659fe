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
import { parameters, TIMEOUT } from "./property/runs.ts";
import { pages, read, snippetsOf, tableBelow } from "./readme/snippets.ts";
import { invalid } from "./schema/invalid.ts";

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

  it("documents of every shape, also in canonical form", { timeout: TIMEOUT }, () => {
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

  it(
    "load when the schema accepts them, but for what a schema can't know",
    () => {
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
        parameters(1),
      );
    },
    TIMEOUT,
  );

  it(
    "are accepted when they load",
    () => {
      fc.assert(
        fc.property(changed, ({ document }) => {
          fc.pre(problemsOf(document).length === 0);
          expect(complaints(document)).toBe("");
        }),
        parameters(1),
      );
    },
    TIMEOUT,
  );
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
