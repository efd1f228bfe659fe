import { describe, expect, test } from "vitest";
import { parseBytes } from "./parse.ts";
import type { Format } from "./text.ts";

const bytesOf = (text: string) => Buffer.from(text);

function documentOf(text: string, format: Format = "yaml"): unknown {
  const parsed = parseBytes(bytesOf(text), format);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.document;
}

function problemsOf(text: string | Uint8Array, format: Format = "yaml") {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const parsed = parseBytes(bytes, format);
  return "problems" in parsed ? parsed.problems : [];
}

describe("what YAML means", () => {
  test("dates are strings, `no` is one too, numbers are numbers", () => {
    expect(documentOf("a: 2027-01-01T00:00:00Z\nb: no\nc: 1.5\nd: [true, ~]\n")).toEqual({
      a: "2027-01-01T00:00:00Z",
      b: "no",
      c: 1.5,
      d: [true, null],
    });
  });

  test("merge keys merge, and what is written beside them wins", () => {
    const text =
      "x-base: &base { enabled: true, owner: a }\nflags:\n  f: { <<: *base, owner: b }\n";
    expect(documentOf(text)).toMatchObject({ flags: { f: { enabled: true, owner: "b" } } });
  });

  test("more flags than js-yaml merges by default may merge a template", () => {
    const flags = Array.from({ length: 6000 }, (_, i) => `  f${i}: { <<: *base, percentage: 1 }`);
    const text = `x-base: &base { enabled: true, owner: a }\nflags:\n${flags.join("\n")}\n`;
    expect(problemsOf(text)).toEqual([]);
  });

  test("`__proto__` is a key like any other", () => {
    const document = documentOf("flags: { __proto__: { a: 1 } }") as { flags: object };
    expect(Object.keys(document.flags)).toEqual(["__proto__"]);
  });

  test("a byte order mark is no text", () => {
    expect(documentOf("\uFEFFflags: {}")).toEqual({ flags: {} });
    expect(documentOf('\uFEFF{"flags":{}}', "json")).toEqual({ flags: {} });
  });
});

describe("what is no document of flags", () => {
  test.each([
    ["", "yaml"],
    ["  \n\n", "json"],
    ["# nothing yet\n", "yaml"],
    ["---\n", "yaml"],
    ["null", "json"],
  ] as const)("%j is empty, which is not the same as no flags", (text, format) => {
    expect(problemsOf(text, format)[0]?.message).toMatch(/is empty; write `flags: \{\}`/);
  });

  test("syntax errors carry line and column", () => {
    expect(problemsOf("flags:\n  a: [1, 2\n  b: 1\n")).toMatchObject([{ path: "", line: 3 }]);
    expect(problemsOf('{\n  "flags": {\n    "a": tru\n  }\n}', "json")).toEqual([
      {
        path: "",
        message: "is no valid JSON: expected a value, not `t`",
        line: 3,
        column: 10,
      },
    ]);
  });

  test.each([
    ['{"a": 1,}', "expected a key in double quotes", 1, 9],
    ['{"a": [1,]}', "expected a value, not `]`; is there a comma before it?", 1, 10],
    ["{'a': 1}", "expected a key in double quotes", 1, 2],
    ['{"a" 1}', "expected ':' after a key", 1, 6],
    ['{"a": 1 "b": 2}', "expected ',' or '}' after a value", 1, 9],
    ['{"a": 01}', "expected a value, not `0`", 1, 7],
    ['{"a": "\\x"}', "a string has an invalid escape", 1, 7],
    ['{"a": "b', "a string is not closed", 1, 7],
    ['{"a": 1', "the text ends too early", 1, 8],
    ['{"a": // why\n1}', "expected a value, not `/`; JSON has no comments", 1, 7],
    ["{} {}", "unexpected text after the end of the document", 1, 4],
  ])("JSON %j: %s", (text, message, line, column) => {
    const [problem] = problemsOf(text, "json");
    expect(problem).toMatchObject({ line, column });
    expect(problem?.message).toContain(message);
  });

  test("the scanner and JSON.parse agree on what is JSON", () => {
    const lawful = ['"a"', "-0.5e+3", '[[],{},""]', '{"":{"\\u0041\\"\\\\":[null]}}', " \t\r\n1 "];
    for (const text of lawful) expect(documentOf(text, "json")).toEqual(JSON.parse(text));
    const unlawful = ["+1", ".5", "1.", "1e", "truex", "[1 2]", "{1:2}", '"\n"', "[,]", "}", "NaN"];
    for (const text of unlawful) expect(problemsOf(text, "json"), text).toHaveLength(1);
  });

  test("several YAML documents in one file", () => {
    expect(problemsOf("flags: {}\n---\nflags: {}\n")).toMatchObject([
      { message: expect.stringContaining("several YAML documents"), line: 3 },
    ]);
  });

  test("text that is not UTF-8, with the place", () => {
    const latin = Buffer.concat([Buffer.from("a: \uFFFD\nb: "), Buffer.from([0xe9, 0x0a])]);
    expect(problemsOf(latin)).toEqual([
      { path: "", message: "is not UTF-8; save the file as UTF-8", line: 2, column: 4 },
    ]);
    const utf16 = Buffer.from("\uFEFFa: é", "utf16le");
    expect(problemsOf(utf16)[0]?.message).toContain("looks like UTF-16");
  });

  test("nesting without end, and tags that nothing defines", () => {
    expect(problemsOf(`${"[".repeat(5000)}${"]".repeat(5000)}`, "json")[0]?.message).toContain(
      "deeper than 100",
    );
    expect(problemsOf("[".repeat(5000))).toHaveLength(1);
    expect(problemsOf("a: !!js/function 'x'")).toMatchObject([{ line: 1 }]);
  });
});

describe("keys that are there twice", () => {
  test("in YAML, every one with its line and that of the first", () => {
    const text =
      "flags:\n  a: true\n  b: { type: boolean, type: string }\n  a: false\nsegments: {}\n";
    expect(problemsOf(text)).toEqual([
      { path: "/flags/b/type", message: twice("type", 3), line: 3, column: 23 },
      { path: "/flags/a", message: twice("a", 2), line: 4, column: 3 },
    ]);
  });

  test("in JSON, also when they are written differently", () => {
    const text = '{\n  "flags": {\n    "a": [{"x~/y": 1, "x~/y": 2}],\n    "\\u0061": 1\n  }\n}';
    expect(problemsOf(text, "json")).toEqual([
      { path: "/flags/a/0/x~0~1y", message: twice("x~/y", 3), line: 3, column: 23 },
      { path: "/flags/a", message: twice("a", 3), line: 4, column: 5 },
    ]);
  });

  test("the same key in different objects is no duplicate", () => {
    expect(problemsOf('{"a":{"x":1},"b":{"x":1},"c":"{\\"a\\":1}"}', "json")).toEqual([]);
  });

  function twice(key: string, line: number): string {
    return `the key "${key}" is there twice, first on line ${line}`;
  }
});

describe("aliases", () => {
  test("a bomb is a problem, in no time", () => {
    const levels = Array.from({ length: 30 }, (_, i) =>
      i === 0 ? "l0: &l0 [x, x, x]" : `l${i}: &l${i} [*l${i - 1}, *l${i - 1}, *l${i - 1}]`,
    );
    const start = performance.now();
    expect(problemsOf(levels.join("\n"))).toMatchObject([
      { message: expect.stringContaining("expand to too much"), line: 2 },
    ]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("an anchor that holds its own alias", () => {
    expect(problemsOf("a: &a [*a]\n")).toMatchObject([
      { message: expect.stringContaining("expand to too much"), line: 1 },
    ]);
  });

  test("a list that twenty flags share is what aliases are for", () => {
    const countries = Array.from({ length: 500 }, (_, i) => `c${i}`).join(", ");
    const flags = Array.from({ length: 20 }, (_, i) => `  f${i}: { values: *all }`).join("\n");
    expect(problemsOf(`x-all: &all [${countries}]\nflags:\n${flags}\n`)).toEqual([]);
  });
});
