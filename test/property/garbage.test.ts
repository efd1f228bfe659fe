import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HalyardError, type Problem } from "../../packages/core/src/index.ts";
import { buildScene } from "./generate/document.ts";
import { builtOfTwo, Tape } from "./generate/tape.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { parameters, TIMEOUT } from "./runs.ts";

const FIELDS = [
  ..."flags segments aliases feature_flags $schema version type enabled default off variants".split(
    " ",
  ),
  ..."rules when all any not segment condition attribute op values value negate orEqual".split(" "),
  ..."serve percentage rollout weights by salt unit experiment fallthrough schedule from".split(
    " ",
  ),
  ..."prerequisites flag variant targets conditions attributes groups clauses variation".split(" "),
  ..."metadata name environments id __proto__ constructor toString hasOwnProperty x-y".split(" "),
];

const WORDS = ["boolean", "eq", "matches", "(", "cidr", "on", "", " ", "a", "2024-01-01", "beta"];

/** Anything that a document could hold, much of it spelt as if it meant something. */
const anything = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, -1, 100, 1e9, 0.5, ...WORDS),
    fc.anything({ withDate: true, withBigInt: true, withMap: true, withNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...FIELDS), tie("value")), { maxLength: 5 })
    .map(ownProperties),
}));

/** Own properties whatever their names, as `JSON.parse` makes them. */
function ownProperties(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries) setOwn(object, key, value);
  return object;
}

function setOwn(object: object, key: string, value: unknown): void {
  const property = { value, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object, key, property);
}

interface Spoilt {
  readonly document: unknown;
  readonly where: string;
}

/** A valid document in which one thing is replaced by something else. */
const spoilt: fc.Arbitrary<Spoilt> = fc
  .tuple(
    builtOfTwo((tape) => JSON.parse(JSON.stringify(buildScene(tape, new Tape([]), 1).document))),
    fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
    anything.value,
    fc.constantFrom(...FIELDS),
  )
  .map(([document, steps, value, field]) => spoil(document, steps, value, field));

function spoil(document: object, steps: readonly number[], value: unknown, field: string): Spoilt {
  let at: object = document;
  let where = "";
  for (const [index, step] of steps.entries()) {
    const keys = Object.keys(at);
    const key = keys[step % Math.max(1, keys.length)] ?? field;
    where += `/${key}`;
    const inner: unknown = Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    if (typeof inner === "object" && inner !== null && index < steps.length - 1) at = inner;
    else {
      // An addition now and then, else a replacement.
      const added = Array.isArray(at) ? at.length : field;
      setOwn(at, String(step % 3 === 0 || key === field ? added : key), value);
      break;
    }
  }
  return { document, where };
}

/** The problems of a document; none when it loads, and then every flag can be read. */
function problemsOf(document: unknown): readonly Problem[] {
  try {
    const set = load(document);
    const client = clientOf(snapshotOf(set, { now: 0 }), { targetingKey: "user-1", plan: "pro" });
    for (const key of set.flags.keys()) {
      client.details(key);
      client.explain(key);
    }
    client.all();
    return [];
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    expect(error.code).toBe("INVALID_DEFINITIONS");
    expect(error.problems.length).toBeGreaterThan(0);
    return error.problems;
  }
}

/** Whether a JSON Pointer leads to something in the document. */
function leadsSomewhere(document: unknown, path: string): boolean {
  if (path === "") return true;
  let at = document;
  for (const step of path.slice(1).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = Reflect.get(at, key);
  }
  return true;
}

function checkDocument(document: unknown): void {
  const before = prototypes();
  for (const { path, message } of problemsOf(document)) {
    expect(leadsSomewhere(document, path), `${path}: ${message}`).toBe(true);
    expect(message).not.toBe("");
  }
  expect(prototypes()).toEqual(before);
}

function prototypes(): unknown {
  const all = [Object.prototype, Array.prototype, Function.prototype, Map.prototype];
  return all.map((prototype) => Reflect.ownKeys(prototype));
}

describe("documents that are wrong", () => {
  it(
    "give problems that lead to a place in them, and nothing else",
    () => {
      fc.assert(
        fc.property(spoilt, ({ document }) => checkDocument(document)),
        parameters(),
      );
    },
    TIMEOUT,
  );

  it(
    "may be anything at all",
    () => {
      const documents = fc.oneof(
        anything.value,
        fc.record({ flags: anything.value, segments: anything.value }, { requiredKeys: ["flags"] }),
        anything.object.map((flag) => ({ flags: { f: flag } })),
      );
      fc.assert(fc.property(documents, checkDocument), parameters());
    },
    TIMEOUT,
  );

  it("may nest without end", () => {
    const cyclic: Record<string, unknown> = { flags: {} };
    (cyclic.flags as Record<string, unknown>).again = cyclic.flags;
    checkDocument(cyclic);
    const rule: Record<string, unknown> = {};
    rule.when = { not: rule };
    (rule.when as Record<string, unknown>).not = rule.when;
    checkDocument({ flags: { f: { rules: [rule] } } });
    const value: unknown[] = [];
    value.push(value);
    checkDocument({ flags: { f: { type: "json", default: value } } });
    let deep: object = { attribute: "a", op: "eq", values: [1] };
    for (let depth = 0; depth < 50_000; depth += 1) deep = { not: deep };
    checkDocument({ flags: { f: { rules: [{ when: deep }] } } });
    let group: object = { on: true };
    for (let depth = 0; depth < 50_000; depth += 1) group = { g: group };
    checkDocument({ flags: group });
  });

  it.each(["first to last", "last to first"])("may chain without end, from %s", (order) => {
    const indexes = Array.from({ length: 20_000 }, (_, index) => index);
    const chain = (link: (index: number) => [string, unknown]): object => {
      const entries = indexes.map(link);
      return Object.fromEntries(order === "first to last" ? entries : entries.reverse());
    };
    const last = indexes.length - 1;
    const needs = (index: number) => ({ prerequisites: [{ flag: `f${index}`, variant: "on" }] });
    const flags = chain((index) => [`f${index}`, index === last ? true : needs(index + 1)]);
    expect(problemsOf({ flags })).not.toEqual([]);
    const round = chain((index) => [`f${index}`, needs((index + 1) % indexes.length)]);
    expect(problemsOf({ flags: round })).not.toEqual([]);
    const end = { attribute: "a", op: "exists" };
    const segments = chain((index) => [
      `s${index}`,
      index === last ? end : { segment: `s${index + 1}` },
    ]);
    const ruled = { f0: { rules: [{ when: { segment: "s0" } }] } };
    expect(problemsOf({ flags: ruled, segments })).not.toEqual([]);
    const circle = chain((index) => [`a${index}`, `a${(index + 1) % indexes.length}`]);
    expect(problemsOf({ flags: { f0: true }, aliases: circle })).toHaveLength(indexes.length);
    const aliases = chain((index) => [`a${index}`, index === last ? "f0" : `a${index + 1}`]);
    expect(problemsOf({ flags: { f0: true }, aliases })).toEqual([]);
  });
});
