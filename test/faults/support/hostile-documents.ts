import { size } from "./size.ts";

/** A text that somebody puts in the place of a file of flags. */
export interface HostileText {
  readonly name: string;
  readonly format: "json" | "yaml";
  /** Made when it is needed: some have megabytes. */
  readonly text: () => string;
  /** A part of the message that refuses it; absent: it is lawful. */
  readonly refused?: RegExp;
  /** Values of flags when it is not refused. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const MANY = size(3_000, 100_000);
// Above what is parsed on the main thread.
const LONG_TEXT = size(300_000, 10_000_000);
const FLAGS = size(20_000, 100_000);
const DEEP = size(10_000, 1_000_000);

const range = (length: number) => Array.from({ length }, (_, index) => index);
const many = <T>(make: (index: number) => readonly [string, T]) =>
  Object.fromEntries(range(MANY).map(make));
const long = (): string => "x".repeat(LONG_TEXT);
const nested = (open: string, middle: string, close: string) =>
  open.repeat(DEEP) + middle + close.repeat(DEEP);
const ruled = (when: unknown) => ({ flags: { f: { rules: [{ id: "r", when }] } } });
const clause = (op: string, values: readonly unknown[]) => ruled({ attribute: "plan", op, values });

/** Layers of two, each of which needs the next twice: two to the power of sixty evaluations. */
const LAYERS = range(60);

const DOCUMENTS: readonly (Omit<HostileText, "text" | "format"> & { document: () => unknown })[] = [
  {
    name: "very many flags",
    document: () => ({ flags: Object.fromEntries(range(FLAGS).map((i) => [`f${i}`, i])) }),
    values: { f0: 0, [`f${FLAGS - 1}`]: FLAGS - 1 },
  },
  {
    name: "many flags, all wrong",
    document: () => ({ flags: many((i) => [`f${i}`, { wrong: i }]) }),
    refused: new RegExp(`have ${MANY} problems.* and ${MANY - 20} more`, "s"),
  },
  {
    name: "a value of megabytes",
    document: () => ({ flags: { f: { type: "string", default: long() } } }),
  },
  {
    name: "a key of megabytes",
    document: () => ({ flags: { [long()]: true } }),
    refused: /is no key/,
  },
  {
    name: "a field of megabytes",
    document: () => ({ flags: { f: { default: 1, [long()]: 1 } } }),
    refused: /unknown field/,
  },
  {
    name: "an operator of megabytes",
    document: () => clause(long(), [1]),
    refused: /unknown oper/,
  },
  {
    name: "a segment's name of megabytes",
    document: () => ruled({ segment: long() }),
    refused: /there is no segment "xxx/,
  },
  {
    name: "a prerequisite's name of megabytes",
    document: () => ({ flags: { f: { prerequisites: [{ flag: long(), variant: "on" }] } } }),
    refused: /there is no flag "xxx/,
  },
  {
    name: "a prerequisite's variant of megabytes",
    document: () => ({
      flags: { g: true, f: { prerequisites: [{ flag: "g", variant: long() }] } },
    }),
    refused: /has no variant xxx/,
  },
  {
    name: "a pattern of megabytes",
    document: () => clause("matches", [long()]),
    refused: /must be at most 4096 characters/,
  },
  {
    name: "a pattern of megabytes that opens and never closes",
    document: () => clause("matches", ["(".repeat(LONG_TEXT)]),
    refused: /must be at most 4096 characters/,
  },
  {
    name: "a pattern of repeats of repeats",
    document: () => clause("matches", ["((((a{999}){999}){999}){999}"]),
    refused: /must be a regular expression in RE2 syntax/,
  },
  {
    name: "a pattern that nests as deep as it may be long",
    document: () => clause("matches", [`${"(".repeat(2000)}a${")".repeat(2000)}`]),
    refused: /nests too deeply/,
  },
  {
    name: "a version range of megabytes",
    document: () => clause("semver_range", ["1.x || ".repeat(LONG_TEXT / 7)]),
    refused: /range of versions/,
  },
  {
    name: "an address of megabytes",
    document: () => clause("cidr", [":".repeat(LONG_TEXT)]),
    refused: /IPv4 or IPv6/,
  },
  {
    name: "an attribute's path of megabytes",
    document: () => ruled({ attribute: ".".repeat(LONG_TEXT), op: "eq", values: ["a"] }),
    values: { f: false },
  },
  {
    name: "a clause with very many values",
    document: () => clause("in", ["pro", ...range(MANY * 10).map(String)]),
    values: { f: true },
  },
  {
    name: "very many rules",
    document: () => ({
      flags: {
        f: {
          rules: range(MANY).map((i) => ({
            id: `r${i}`,
            when: { attribute: "plan", op: "eq", values: [i === MANY - 1 ? "pro" : `p${i}`] },
          })),
        },
      },
    }),
    values: { f: true },
  },
  {
    name: "very many segments, all of which a rule names",
    document: () => ({
      ...ruled({ segment: range(MANY).map((i) => `s${i}`) }),
      segments: many((i) => [`s${i}`, { attribute: "plan", op: "eq", values: [`p${i}`] }]),
    }),
    values: { f: false },
  },
  {
    name: "very many variants in a rollout, and rules that name them",
    document: () => ({
      flags: {
        f: {
          variants: many((i) => [`v${i}`, i]),
          rules: range(MANY).map((i) => ({
            id: `r${i}`,
            when: { attribute: "no", op: "exists" },
            serve: `v${MANY - 1 - i}`,
          })),
          fallthrough: { rollout: { unit: 100_000, weights: many((i) => [`v${i}`, 1]) } },
        },
      },
    }),
  },
  {
    name: "very many targets",
    document: () => ({
      flags: { f: { targets: range(MANY).map((i) => ({ variant: "on", values: [`user-${i}`] })) } },
    }),
    values: { f: true },
  },
  {
    name: "a long chain of aliases",
    document: () => ({
      flags: { f: true },
      aliases: many((i) => [`a${i}`, i === 0 ? "f" : `a${i - 1}`]),
    }),
    values: { f: true, [`a${MANY - 1}`]: true },
  },
  {
    name: "a wide circle of aliases",
    document: () => ({ flags: { f: true }, aliases: many((i) => [`a${i}`, `a${(i + 1) % MANY}`]) }),
    refused: /go in a circle/,
  },
  {
    name: "layers of prerequisites that need each other twice",
    document: () => ({
      flags: Object.fromEntries(
        LAYERS.map((i) => {
          const needed = ["on", "off"].map((variant) => ({ flag: `f${i + 1}`, variant }));
          return [`f${i}`, i === LAYERS.length - 1 ? true : { prerequisites: needed }];
        }),
      ),
    }),
    refused: /sets off more than \d+ evaluations/,
  },
  {
    name: "layers of segments that name each other twice",
    document: () => ({
      ...ruled({ segment: "s0" }),
      segments: Object.fromEntries(
        LAYERS.map((i) => {
          const next = { segment: `s${i + 1}` };
          const last = { attribute: "plan", op: "exists" };
          return [`s${i}`, i === LAYERS.length - 1 ? last : { any: [next, next] }];
        }),
      ),
    }),
    refused: /sets off more than \d+ evaluations/,
  },
];

const json = (
  name: string,
  text: () => string,
  rest: Pick<HostileText, "refused" | "values">,
): HostileText => ({ name, format: "json", text, ...rest });
const yaml = (...[name, text, rest]: Parameters<typeof json>): HostileText => ({
  ...json(name, text, rest),
  format: "yaml",
});

const TOO_DEEP = { refused: /nests deeper than|nesting exceeded/ };
const BOMB = { refused: /expand to too much/ };

export const HOSTILE_TEXTS: readonly HostileText[] = [
  ...DOCUMENTS.map(({ document, ...rest }) => ({
    ...rest,
    format: "json" as const,
    text: () => JSON.stringify(document()),
  })),
  json("deep lists", () => `{"flags":{"f":{"default":${nested("[", "1", "]")}}}}`, TOO_DEEP),
  json("deep groups", () => `{"flags":{"f":${nested('{"a":', "true", "}")}}}`, TOO_DEEP),
  json("deep lists that never end", () => `{"flags":${"[".repeat(DEEP)}`, TOO_DEEP),
  json("depth in what is passed over", () => `{"x-a":${nested("[", "1", "]")}}`, TOO_DEEP),
  yaml("deep lists in YAML", () => `flags: { f: { default: ${nested("[", "1", "]")} } }`, TOO_DEEP),
  json("a key very many times", () => `{"flags":{${range(MANY).map(() => '"f":true')}}}`, {
    refused: /is there twice/,
  }),
  yaml("a key very many times in YAML", () => `flags:\n${"  f: true\n".repeat(MANY)}`, {
    refused: /is there twice/,
  }),
  yaml(
    "aliases of aliases",
    () => {
      const levels = range(40).map(
        (i) => `x-a${i}: &a${i + 1} [${range(10).map(() => `*a${i}`)}]\n`,
      );
      return `x-a: &a0 [1]\n${levels.join("")}flags: { f: { default: *a40 } }\n`;
    },
    BOMB,
  ),
  yaml(
    "one large list, many times",
    () => {
      const uses = range(5000).map((i) => `  f${i}: { default: *a }\n`);
      return `x-a: &a [${range(20_000)}]\nflags:\n${uses.join("")}`;
    },
    BOMB,
  ),
  yaml("a mapping that holds itself", () => "flags: &a\n  f: *a\n", BOMB),
  yaml("a list that holds itself", () => "flags: { f: { default: &a [*a] } }", BOMB),
  yaml("very many documents", () => "---\nflags: {}\n".repeat(MANY), { refused: /several YAML/ }),
  yaml(
    "very many anchors",
    () =>
      `flags:\n${range(MANY)
        .map((i) => `  f${i}: &a${i} true\n`)
        .join("")}`,
    {
      values: { f0: true },
    },
  ),
  yaml("code in a tag", () => 'flags: !!js/function "function () {}"', { refused: /unknown/ }),
  yaml("a null byte", () => "flags: {\0}", { refused: /null byte/ }),
];
