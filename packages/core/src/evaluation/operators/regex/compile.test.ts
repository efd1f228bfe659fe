import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import type { RegexEngine } from "../operator.ts";
import { compileRegex } from "./compile.ts";
import { parsePattern } from "./parse.ts";
import { toJavaScript } from "./translate.ts";

const re2: RegexEngine = {
  compile(pattern) {
    const regex = RE2JS.compile(pattern);
    return (subject) => regex.test(subject);
  },
};

const native = [
  // No repeat without bound.
  "",
  "abc",
  "^beta$",
  "@acme\\.example$",
  "a|b|",
  "^(?:US|CA|GB)$",
  "(a(b)c)?d",
  "colou?r",
  "\\bfoo\\b",
  "\\Afoo\\z",
  "^\\d{1,3}(\\.\\d{1,3}){3}$",
  "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}",
  "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  "x{0}y{0,0}z",
  "(?:ab){2,5}c",
  "(?:a|b){5}",
  "[]a][^]a][a-][-a][\\]\\-\\^]",
  "[\\w.-]",
  "\\x41\\x{1F600}\\a\\f\\t\\n\\r\\v",
  "a{,2}{",
  "😀{2}",
  // Nothing can fail behind it.
  "a*",
  "ab+",
  "id=\\d+",
  "^prefix.*",
  "ab*c*d?",
  "ab*|cd*",
  "x(?:ab*)?",
  "a{2,}",
  "a.*?",
  // Anchored, and what follows cannot start as the repeat goes on.
  "^a+$",
  "^[a-z0-9-]+$",
  "^[^@]+@acme\\.example$",
  "^\\d+\\.\\d+\\.\\d+$",
  "^v?\\d+x",
  "^a*b*c*$",
  "^(?:a+b|c+d)$",
  "^a+b|^c+d",
  "^a+b|cd",
  "(?:^a+)b",
  "^(?:a+b)?c$",
  "^a+?b",
  "^\\w+\\b-",
  "^/api/v[0-9]+/",
];

const onEngine = [
  "(a+)+$",
  "(a|a)*b",
  "a*a*b",
  ".*.*x",
  "\\d+x",
  ".*x",
  "a+$",
  "a*\\b",
  "^a*\\b",
  "^a*a",
  "^.*x",
  "^\\w+\\d",
  "^a*b*a",
  "^a*b?a",
  "^a+(?:b|a)",
  "^a*(?:b|)a",
  "^(?:a+b){2}c",
  "^(?:a+b)+$",
  "(?:a|^)b+c",
  "(?:^|x)a+b",
  "x^?a+b",
  "a+b|^c",
  "(?:ab*){3}",
  "(?:ab*|c)d",
  "(?:a?){2}",
  "(?:ab)+",
  "(?:ab)*",
  "(a|b|ab){10}c",
  "(?:a|a){20}b",
  ".{0,20}a.{0,20}b",
  "a{0,1000}b",
  "(?:a{0,30}){0,30}b",
  `${"a?".repeat(30)}b`,
  "a".repeat(300),
  "a".repeat(501),
  `${"(".repeat(21)}a${")".repeat(21)}`,
  // Beyond the subset.
  "\\Bfoo",
  "(?i)abc",
  "(?s:.)",
  "(?P<name>a)",
  "(?<name>a)",
  "\\pL",
  "\\p{Greek}",
  "\\PN",
  "[[:alpha:]]",
  "[\\pL]",
  "\\Qa.b\\E",
  "\\Q(?=a)",
  "\\012",
  "\\12",
  "\\0",
  "\\_",
  "a{01}",
];

const problems: [pattern: string, problem: RegExp][] = [
  ["a(?=b)", /look-around/],
  ["a(?!b)", /look-around/],
  ["(?<=a)b", /look-around/],
  ["(?<!a)b", /look-around/],
  ["(?i)a(?=b)", /look-around/],
  ["[a](?=b)", /look-around/],
  ["[]](?=b)", /look-around/],
  ["[[:alpha:]](?=b)", /look-around/],
  ["\\Q\\\\E(?=b)", /look-around/],
  ["(a)\\1", /back-references/],
  ["(a)\\9", /back-references/],
  ["(?P<x>a)(?P=x)", /back-references/],
  ["(?<x>a)\\k<x>", /back-references/],
  ["(a", /missing closing \)/],
  ["a)", /unexpected \)/],
  ["[a", /missing closing \]/],
  ["[]", /missing closing \]/],
  ["[a-", /missing closing \]/],
  ["[b-a]", /invalid range/],
  ["a\\", /trailing backslash/],
  ["[\\", /trailing backslash/],
  ["*a", /nothing to repeat/],
  ["a|+", /nothing to repeat/],
  ["(?:?)", /nothing to repeat/],
  ["{2}", /nothing to repeat/],
  ["a**", /repetition of a repetition/],
  ["a+?*", /repetition of a repetition/],
  ["a{2}{3}", /repetition of a repetition/],
  ["a++", /repetition of a repetition/],
  ["a{2,1}", /number of repetitions/],
  ["a{1001}", /number of repetitions/],
  ["a{1,1001}", /number of repetitions/],
];

/** Wrong too, but it takes the engine to say so. */
const engineProblems = [
  "(?>a)",
  "(?#a)",
  "(?x)a",
  "\\Z",
  "\\C",
  "\\u0041",
  "\\cA",
  "\\é",
  "\\x4",
  "\\x{110000}",
  "[\\b]",
  "[a-\\d]",
  "[[:foo:]]",
  "\\p{Foo}",
  "(?:a{100}){100}",
];

describe("compileRegex", () => {
  it.each(native)("runs %s natively", (pattern) => {
    expect(compileRegex(pattern, undefined)).toMatchObject({ native: true });
    // Valid for RE2 too.
    re2.compile(pattern);
  });

  it.each(onEngine)("leaves %s to the engine", (pattern) => {
    expect(compileRegex(pattern, re2)).toMatchObject({ native: false });
    expect(compileRegex(pattern, undefined)).toEqual({
      problem: "needs a linear-time regular expression engine for this pattern: install re2js",
    });
  });

  it.each(problems)("%s is a problem, engine or not", (pattern, problem) => {
    expect(compileRegex(pattern, undefined)).toEqual({ problem: expect.stringMatching(problem) });
    expect(compileRegex(pattern, re2)).toEqual({ problem: expect.stringMatching(problem) });
    expect(() => re2.compile(pattern)).toThrow();
  });

  it.each(engineProblems)("%s is a problem that the engine finds", (pattern) => {
    expect(compileRegex(pattern, undefined)).toHaveProperty("problem");
    expect(compileRegex(pattern, re2)).toEqual({
      problem: expect.stringMatching(/^must be a regular expression in RE2 syntax: ./),
    });
  });

  it.each(["[(?=a)]", "[\\](?=]", "\\(?=a", "\\Q(?=a)\\E", "[[:alpha:](?=]"])(
    "%s only looks like a look-around",
    (pattern) => {
      expect(compileRegex(pattern, re2)).toHaveProperty("test");
    },
  );

  it("takes no lone surrogates in patterns by itself", () => {
    expect(compileRegex("\ud83d", undefined)).toHaveProperty("problem");
    expect(compileRegex("[\ude00-\udfff]", undefined)).toHaveProperty("problem");
    expect(compileRegex("\\x{D83D}", undefined)).toHaveProperty("problem");
  });
});

const matches: [pattern: string, subject: string, expected: boolean][] = [
  ["^.$", "\n", false],
  ["^.$", "\r", true],
  ["^.$", "\u2028", true],
  ["^.$", "😀", true],
  ["^..$", "😀", false],
  ["[^a]$", "😀", true],
  ["b[^a]?$", "ab😀", true],
  ["^.$", "\ud83d", true],
  ["^[^a]$", "\n", true],
  ["^[^a]$", "\ude00", true],
  ["^\\s$", "\v", false],
  ["^\\s$", "\u00a0", false],
  ["^\\s$", "\f", true],
  ["^\\S$", "\v", true],
  ["^\\w$", "é", false],
  ["^\\d$", "٣", false],
  ["\\bé", "é", false],
  ["a$", "a\n", false],
  ["^b", "a\nb", false],
  ["b", "aba", true],
  ["[a-c-e]", "-", true],
  ["[\\d-z]", "-", true],
  ["[+--]", ",", true],
  ["a{,2}", "a{,2}", true],
  ["^{", "{", true],
  ["[[]", "[", true],
];

const characters = [
  ..."aabbc1A_-. {}[]^\n\t\v\f\ré\u00a0\u2028ſK😀",
  // Half an emoji; two of them may happen to make a whole one.
  "\ud83d",
  "\ude00",
  "😀",
];
const subject = fc.string({ unit: fc.constantFrom(...characters), maxLength: 8 });
const subjects = fc.array(subject, { minLength: 12, maxLength: 12 });

const atom = fc.constantFrom(
  ..."aaabbc1-_{}]é😀",
  ..."\\d \\D \\w \\W \\s \\S \\. \\- \\] \\n \\t \\v \\x41 \\x{1F600} \\{ \\\\".split(" "),
  ...". . [ab] [^a] [a-c] [^\\d] [\\w-] [\\W-] []a] [^]a] [a-] [-a] [^\\s\\d] [a-c-e] [\\]^]".split(
    " ",
  ),
  ...["[^^]", "[[]", "[\\-\\x{1F600}]", "[\\s\\S]", "[ -~]"],
);
const assertion = fc.constantFrom("^", "$", "\\b", "\\A", "\\z");
const quantifier = fc.constantFrom(
  ..."* + ? *? +? ?? {2} {0,2} {1,} {0} {1,3}? {0,0} {3}? {2,}?".split(" "),
);
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: atom },
    { weight: 1, arbitrary: assertion },
    { weight: 3, arbitrary: fc.tuple(atom, quantifier).map((parts) => parts.join("")) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom("(", "(?:"),
          tie("pattern"),
          fc.constantFrom(")", ")?", "){2}", ")*", "){0,2}"),
        )
        .map((parts) => parts.join("")),
    },
  ),
  pattern: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: fc.array(tie("piece"), { maxLength: 4 }).map((all) => all.join("")) },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("pattern"), tie("pattern")).map((both) => both.join("|")),
    },
    { weight: 1, arbitrary: tie("pattern").map((inner) => `^${inner}$`) },
  ),
}));
/** Parts in any order: often wrong, or beyond the subset. */
const soup = fc
  .array(
    fc.constantFrom(
      ..."aab1()()[]^$|*+?{},-:<=!\\\\.",
      ...[
        "\\d",
        "\\b",
        "(?:",
        "(?",
        "[^",
        "[:",
        ":]",
        "{2",
        "{1,2}",
        "\\Q",
        "\\E",
        "\\x",
        "\\1",
        "\\p",
        "😀",
        "(?i)",
      ],
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

describe("a pattern that is too long", () => {
  it.each([undefined, re2])("is a problem, before anybody looks at it", (engine) => {
    expect(compileRegex("a".repeat(4097), engine)).toEqual({
      problem: "must be at most 4096 characters long",
    });
    expect(compileRegex("(".repeat(10_000_000), engine)).toHaveProperty("problem");
    expect(compileRegex("a".repeat(4096), re2)).toHaveProperty("test");
  });
});

describe("a pattern run natively", () => {
  it.each(matches)("%j on %j is %s", (pattern, subject, expected) => {
    expect(re2.compile(pattern)(subject)).toBe(expected);
    const compiled = compileRegex(pattern, undefined);
    if ("problem" in compiled) throw new Error(compiled.problem);
    expect(compiled.test(subject)).toBe(expected);
  });

  it.each([
    ["of the subset", pattern, 6000],
    ["thrown together", soup, 10_000],
  ])("means what it means to RE2: patterns %s", (_, patterns, numRuns) => {
    let tried = 0;
    let compared = 0;
    fc.assert(
      fc.property(patterns, subjects, (pattern, subjects) => {
        tried++;
        const parsed = parsePattern(pattern);
        // Also what is not linear: the subjects are short.
        if (parsed === undefined || "problem" in parsed) return;
        compared++;
        const regex = toJavaScript(parsed);
        const expected = re2.compile(pattern);
        for (const subject of subjects) expect(regex.test(subject)).toBe(expected(subject));
      }),
      { numRuns },
    );
    expect(compared).toBeGreaterThan(tried / 10);
  });

  it("is a problem only where it is one for RE2", () => {
    fc.assert(
      fc.property(soup, (pattern) => {
        const compiled = compileRegex(pattern, re2);
        if ("problem" in compiled) expect(() => re2.compile(pattern)).toThrow();
        else expect(() => re2.compile(pattern)).not.toThrow();
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("the characters that escapes stand for", () => {
  /** Those of ASCII that a pattern matches. */
  function matched(pattern: string): string[] {
    const compiled = compileRegex(pattern, undefined);
    if (!("test" in compiled)) throw new Error(compiled.problem);
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    return ascii.filter(compiled.test);
  }

  const digits = "0123456789";
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const cases: [escape: string, characters: string][] = [
    ["\\a", "\x07"],
    ["\\f", "\x0c"],
    ["\\n", "\x0a"],
    ["\\r", "\x0d"],
    ["\\t", "\x09"],
    ["\\v", "\x0b"],
    ["\\x4a", "J"],
    ["\\x{4a}", "J"],
    ["\\.", "."],
    ["\\d", digits],
    ["\\s", "\t\n\f\r "],
    ["\\w", `${digits}${letters}_${letters.toLowerCase()}`],
  ];

  it.each(cases)("%s, alone and in classes", (written, characters) => {
    const inside = [...characters];
    const outside = matched("^[\\x00-\\x7f]$").filter((one) => !inside.includes(one));
    expect([matched(`^${written}$`), matched(`^[${written}]$`)]).toEqual([inside, inside]);
    expect(matched(`^[^${written}]$`)).toEqual(outside);
    if (/[dsw]/.test(written)) expect(matched(`^${written.toUpperCase()}$`)).toEqual(outside);
  });
});
