import { describe, expect, test } from "vitest";
import { createLocator } from "./locate.ts";
import { LARGE, parseBytes } from "./parse.ts";
import type { Format } from "./text.ts";

const bytesOf = (text: string) => Buffer.from(text);

function locate(text: string, pointer: string, format: Format = "yaml") {
  const bytes = bytesOf(text);
  const parsed = parseBytes(bytes, format);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  const found = createLocator(bytes, format, parsed.layout)(pointer);
  return found === undefined ? undefined : `${found.line}:${found.column}`;
}

describe("positions", () => {
  const yaml = `# flags
flags:
  plain: true
  "quo~ted/key": &x
    rules:
      - when:
          - { attribute: plan, op: in }
          - attribute: country
            op: eq
        serve: "on"
      -
        - nested
  alias: *x
  1: one
`;
  test.each([
    ["", "2:1"],
    ["/flags", "2:1"],
    ["/flags/plain", "3:3"],
    ["/flags/quo~0ted~1key", "4:3"],
    ["/flags/quo~0ted~1key/rules/0/when/0/op", "7:32"],
    ["/flags/quo~0ted~1key/rules/0/when/1", "8:13"],
    ["/flags/quo~0ted~1key/rules/0/serve", "10:9"],
    ["/flags/quo~0ted~1key/rules/1/0", "12:11"],
    ["/flags/quo~0ted~1key/rules/7/serve", "5:5"],
    ["/flags/quo~0ted~1key/missing/deeper", "4:3"],
    ["/flags/alias/rules", "13:3"],
    ["/flags/1", "14:3"],
    ["/nothing", "2:1"],
  ])("YAML %s is at %s", (pointer, position) => {
    expect(locate(yaml, pointer)).toBe(position);
  });

  const json =
    '{\r\n  "flags": {\r\n    "a b": { "x": [1, {"y": "}"}] },\r\n    "c\\"": {}\r\n  }\r\n}';
  test.each([
    ["", "1:1"],
    ["/flags", "2:3"],
    ["/flags/a b/x", "3:14"],
    ["/flags/a b/x/1", "3:23"],
    ["/flags/a b/x/1/y", "3:24"],
    ["/flags/a b/x/9", "3:14"],
    ['/flags/c"', "4:5"],
  ])("JSON %s is at %s", (pointer, position) => {
    expect(locate(json, pointer, "json")).toBe(position);
  });

  test("of a large text are the same as those of its parts", () => {
    const { yaml, json, compact, flow } = largeTexts();
    const pointers = [
      "/flags/flag-0",
      "/flags/flag-1999/rules/1/when/0/op",
      "/flags/flag-77/rules/0/serve",
      "/flags/flag-77/rules/5",
      "/segments/s/any/0/values/9000",
      "/segments/s/any/0/values/19999",
      "/segments/s/any/0/op",
      "/segments/nope",
      "/flags",
    ];
    for (const [text, format] of [
      [yaml, "yaml"],
      [json, "json"],
      [compact, "json"],
    ] as const) {
      expect(text.length).toBeGreaterThan(LARGE);
      const bytes = bytesOf(text);
      const parsed = parseBytes(bytes, format);
      if ("problems" in parsed || parsed.layout === undefined) throw new Error("not laid out");
      const fast = createLocator(bytes, format, parsed.layout);
      const slow = createLocator(bytes, format, undefined);
      expect(fast("/nope")?.line).toBeLessThan(3);
      for (const pointer of pointers) expect(fast(pointer), pointer).toEqual(slow(pointer));
    }
    // In flow style the pieces are no documents: the line of the flag is what there is.
    expect(locate(flow, "/flags/flag-77/rules/0/serve")).toMatch(/^79:/);
  });

  test("of a hundred problems are found fast in a large file", { retry: 2 }, () => {
    const bytes = bytesOf(largeTexts().compact);
    const parsed = parseBytes(bytes, "json");
    if ("problems" in parsed) throw new Error("is no JSON");
    const find = createLocator(bytes, "json", parsed.layout);
    const start = performance.now();
    for (let i = 0; i < 100; i++) find(`/flags/flag-${i * 19}/rules/1/serve`);
    expect(performance.now() - start).toBeLessThan(200);
  });
});

function largeTexts() {
  const flags: Record<string, unknown> = {};
  const yaml = ["flags:"];
  const flow = ["flags: {"];
  for (let i = 0; i < 2000; i++) {
    const rules = [0, 1].map((rule) => ({
      when: [{ attribute: "plan", op: "in", values: ["pro", `é${i}`] }],
      serve: rule === 0 ? "on" : "off",
    }));
    const flag = { description: `Flag number ${i}, with some words.`, rules };
    flags[`flag-${i}`] = flag;
    yaml.push(`  flag-${i}:`, `    description: ${flag.description}`, "    rules:");
    for (const { when, serve } of rules) {
      yaml.push(
        "      - when:",
        `          - ${JSON.stringify(when[0])}`,
        `        serve: "${serve}"`,
      );
    }
    flow.push(`  flag-${i}: ${JSON.stringify(flag).replaceAll('":', '": ')},`);
  }
  flow.push("  }");
  const values = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
  const segments = { s: { any: [{ attribute: "id", values, op: "in" }] } };
  yaml.push("segments:", "  s:", "    any:", "      - attribute: id", "        values:");
  for (const value of values) yaml.push(`          - ${value}`);
  yaml.push("        op: in", "");
  const document = { flags, segments };
  return {
    yaml: yaml.join("\n"),
    json: JSON.stringify(document, null, 2),
    compact: JSON.stringify(document),
    flow: flow.join("\n"),
  };
}
