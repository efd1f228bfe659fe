import { runInNewContext } from "node:vm";
import { HalyardError, type JsonValue } from "@halyard/core";
import fc from "fast-check";
import { type DefaultTreeAdapterMap, parse } from "parse5";
import { expect, it } from "vitest";
import { createFlags } from "../create-flags.ts";
import { type BootstrapOptions, bootstrapScript } from "./bootstrap-script.ts";

type Node = DefaultTreeAdapterMap["node"];
type Element = DefaultTreeAdapterMap["element"];

async function clientOf(values: Readonly<Record<string, JsonValue>>, isPublic = true) {
  const entries = Object.entries(values).map(([key, value]) => [
    key,
    { type: "json", default: value, client: isPublic },
  ]);
  const f = createFlags({ sources: [{ flags: Object.fromEntries(entries) }] });
  // Reads go on from what there was.
  await f.close();
  return f.client();
}

function* elementsOf(node: Node): Generator<Element, void, void> {
  if ("tagName" in node) yield node;
  for (const child of "childNodes" in node ? node.childNodes : []) yield* elementsOf(child);
}

const BETWEEN = /^(html|head|body)$/;

/** What a browser makes of a page with the script in it, between two paragraphs. */
function open(script: string): { window: Record<string, unknown>; nonce: string | undefined } {
  // As it is sent: in UTF-8.
  const sent = Buffer.from(`<!doctype html><body><p>one</p>${script}<p>two</p></body>`).toString();
  const elements = [...elementsOf(parse(sent))].filter(({ tagName }) => !BETWEEN.test(tagName));
  expect(elements.map(({ tagName }) => tagName)).toEqual(["p", "script", "p"]);
  const [, element] = elements;
  const [child] = element?.childNodes ?? [];
  const text = child !== undefined && "value" in child ? child.value : "";
  const window = {};
  runInNewContext(text, { window }, { timeout: 1000 });
  return { window, nonce: element?.attrs.find(({ name }) => name === "nonce")?.value };
}

const HOSTILE = [
  "</script>",
  "</SCRIPT ><script>window.evil = 1</script>",
  "<!--",
  "<!--<script>",
  "-->",
  "]]>",
  "&lt;",
  "&quot;",
  "\u2028\u2029",
  '"',
  "'",
  ["`$", "{window.evil = 1}`"].join(""),
  "\\",
  "\\u003c/script>",
  '\\"));window.evil=1;//',
  "\0",
  "\r\n",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "😀",
  "__proto__",
];

it.each(HOSTILE)("%j is a value like others", async (text) => {
  const values = { flag: { [text]: [text, { text }] } };
  const { window } = open(bootstrapScript(await clientOf(values)));
  expect(JSON.stringify(window)).toBe(JSON.stringify({ __FLAGS__: values }));
});

it("any value comes out as it went in", async () => {
  const text = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom(...HOSTILE, "<", ">", "&", "/", "s", "!", "-"), { maxLength: 8 })
      .map((parts) => parts.join("")),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, async (any) => {
      const values = { flag: any as JsonValue };
      const { window } = open(bootstrapScript(await clientOf(values)));
      expect(JSON.stringify(window)).toBe(
        JSON.stringify({ __FLAGS__: JSON.parse(JSON.stringify(values)) }),
      );
    }),
    { numRuns: 300 },
  );
});

it("shows only flags that browsers may see", async () => {
  const f = createFlags({
    sources: [{ flags: { shown: { enabled: true, client: true }, hidden: "kept" } }],
    overrides: { hidden: "secret", undefined_flag: "secret" },
  });
  await f.close();
  const client = f.client();
  expect(open(bootstrapScript(client)).window).toEqual({ __FLAGS__: { shown: true } });
  expect(bootstrapScript(await clientOf({ a: "secret" }, false))).toBe(
    '<script>window.__FLAGS__=JSON.parse("{}")</script>',
  );
});

it("names the variable and bears the nonce", async () => {
  const client = await clientOf({ a: 1 });
  const { window, nonce } = open(
    bootstrapScript(client, { variable: "$my_flags", nonce: "aZ0+/-_==" }),
  );
  expect([window, nonce]).toEqual([{ $my_flags: { a: 1 } }, "aZ0+/-_=="]);
  expect(open(bootstrapScript(client)).nonce).toBeUndefined();
});

const REFUSED: readonly (readonly [keyof BootstrapOptions, unknown])[] = [
  ...['a" onload="x', "a'", "a b", "", "=", "a===", "a\n", "<", "x".repeat(600), 7, null].map(
    (nonce) => ["nonce", nonce] as const,
  ),
  ...["", "1a", "a.b", "a-b", "a;b", "a\n", "__proto__", "ü", "a".repeat(200), "a</script>", 7].map(
    (variable) => ["variable", variable] as const,
  ),
  ["nonse" as "nonce", "a"],
];

it.each(REFUSED)("%s: %j is refused", async (name, value) => {
  const client = await clientOf({});
  const make = (): string => bootstrapScript(client, { [name]: value });
  expect(make).toThrow(HalyardError);
  expect(make).toThrow(name);
});

it("needs a client", () => {
  expect(() => bootstrapScript(undefined as never)).toThrow("req.flags");
  expect(() => bootstrapScript({ nonce: "a" } as never)).toThrow("req.flags");
});
