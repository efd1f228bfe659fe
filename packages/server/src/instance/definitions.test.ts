import { type DefinedFlags, defineFlags, MemoryStore } from "@halyard/core";
import { afterEach, describe, expect, it } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { ChangeEvent, FlagsOptions } from "./options.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions): Flags {
  const flags = createFlags({ environment: "test", ...options });
  opened.push(flags);
  return flags;
}

/** One writable store behind flags in code. */
function composed(changes: ChangeEvent[] = []): Flags {
  return make({
    sources: [
      defineFlags({ fixed: true, shadowed: false }),
      new MemoryStore(
        { flags: { beta: false, shadowed: true }, aliases: { "old-beta": "beta" } },
        "store",
      ),
    ],
    hooks: { onChange: (event) => void changes.push(event) },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
}

const code = (expected: string) =>
  expect.objectContaining({ name: "HalyardError", code: expected });

describe("get", () => {
  it("gives the definition in canonical form, its source, and whether it can be written", () => {
    const { definitions } = composed();
    expect(definitions.get("fixed")).toMatchObject({
      key: "fixed",
      source: "code",
      writable: false,
      definition: { type: "boolean", default: true },
    });
    expect(definitions.get("beta")).toMatchObject({ source: "store", writable: true });
    expect(definitions.get("shadowed")).toMatchObject({ source: "code", writable: false });
    expect(definitions.get("missing")).toBeUndefined();
    expect(definitions.get("constructor")).toBeUndefined();
  });

  it("finds a flag by its alias", () => {
    expect(composed().definitions.get("old-beta")?.key).toBe("beta");
  });

  it("gives copies: what a caller does to one changes nothing", () => {
    const flags = composed();
    const entry = flags.definitions.get("fixed");
    (entry?.definition as { default: unknown }).default = false;
    expect(flags.definitions.get("fixed")?.definition.default).toBe(true);
    expect(flags.client().enabled("fixed")).toBe(true);
  });
});

describe("list", () => {
  const keys = Array.from({ length: 7 }, (_, index) => `flag-${index}`);
  const seven = () =>
    make({
      sources: [new MemoryStore({ flags: Object.fromEntries(keys.map((k) => [k, true])) })],
    });

  it("gives all flags in the order of their keys, a page at a time", () => {
    const { definitions } = seven();
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = definitions.list({ limit: 3, cursor });
      pages.push(page.items.map(({ key }) => key));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([keys.slice(0, 3), keys.slice(3, 6), keys.slice(6)]);
  });

  it("has no cursor when the last page is full, nor when there is nothing", () => {
    const { definitions } = seven();
    expect(definitions.list({ limit: 7 }).cursor).toBeUndefined();
    expect(definitions.list({ cursor: "zzz" })).toEqual({ items: [], cursor: undefined });
    expect(make({ sources: [{ flags: {} } as DefinedFlags] }).definitions.list()).toEqual({
      items: [],
      cursor: undefined,
    });
  });

  it("goes on rightly when the flag of the cursor is deleted meanwhile", async () => {
    const { definitions } = seven();
    const { cursor } = definitions.list({ limit: 3 });
    await definitions.delete(String(cursor));
    const rest = definitions.list({ limit: 10, cursor }).items.map(({ key }) => key);
    expect(rest).toEqual(keys.slice(3));
  });

  it.each([0, -1, 1.5, 1001, Number.NaN])("refuses a limit of %d", (limit) => {
    expect(() => seven().definitions.list({ limit })).toThrow(code("INVALID_OPTIONS"));
  });
});

describe("put", () => {
  it("creates and replaces; reads see it at once, clients that exist do not", async () => {
    const changes: ChangeEvent[] = [];
    const flags = composed(changes);
    const before = flags.client();
    const entry = await flags.definitions.put("fresh", { type: "boolean", default: true });
    expect(entry).toMatchObject({ key: "fresh", source: "store", writable: true });
    expect(flags.client().enabled("fresh")).toBe(true);
    expect(before.enabled("fresh")).toBe(false);
    await flags.definitions.put("fresh", false);
    expect(flags.client().enabled("fresh")).toBe(false);
    expect(changes).toMatchObject([
      { key: "fresh", action: "created", scope: "flag", oldValue: undefined },
      {
        key: "fresh",
        action: "updated",
        oldValue: { default: true },
        newValue: { default: false },
      },
    ]);
  });

  it.each<[string, string, unknown, string]>([
    ["a key that is none", "a b", true, "INVALID_KEY"],
    ["an empty key", "", true, "INVALID_KEY"],
    ["a key with a space around it", " beta", true, "INVALID_KEY"],
    ["a hidden key", "__proto__", true, "INVALID_KEY"],
    ["an alias", "old-beta", true, "ALIAS_READ_ONLY"],
    ["a flag of code", "fixed", false, "READ_ONLY_SOURCE"],
    ["a flag that code shadows", "shadowed", false, "READ_ONLY_SOURCE"],
    ["an unknown field", "beta", { type: "boolean", enable: true }, "INVALID_DEFINITIONS"],
    [
      "an unknown prerequisite",
      "beta",
      { prerequisites: [{ flag: "no", variant: "on" }] },
      "INVALID_DEFINITIONS",
    ],
    [
      "a cycle",
      "beta",
      { prerequisites: [{ flag: "beta", variant: "on" }] },
      "INVALID_DEFINITIONS",
    ],
    ["null", "beta", null, "INVALID_DEFINITIONS"],
    ["nothing", "beta", undefined, "INVALID_DEFINITIONS"],
  ])("refuses %s, and changes nothing", async (_name, key, definition, expected) => {
    const changes: ChangeEvent[] = [];
    const flags = composed(changes);
    const before = flags.definitions.list();
    await expect(flags.definitions.put(key, definition)).rejects.toThrow(code(expected));
    expect(flags.definitions.list()).toEqual(before);
    expect(changes).toEqual([]);
    expect(flags.health().status).toBe("healthy");
    // The store took nothing either: another write brings nothing else along.
    await flags.definitions.put("other", true);
    const added = flags.definitions.list().items.filter(({ key: k }) => k !== "other");
    expect(added).toEqual(before.items);
  });

  it("has no store to write to without one", async () => {
    const flags = make({ sources: [new QuietReader()] });
    await expect(flags.definitions.put("fresh", true)).rejects.toThrow(code("STORE_UNAVAILABLE"));
    await expect(flags.definitions.put("fresh", true)).rejects.toThrow("quiet");
  });

  it("keeps its own copy of the definition", async () => {
    const flags = composed();
    const definition = { type: "json", default: { limit: 1 } };
    await flags.definitions.put("config", definition);
    definition.default.limit = 2;
    await flags.definitions.put("other", true);
    expect(flags.client().json("config", {})).toEqual({ limit: 1 });
  });
});

/** Reads only, and needs no waiting. */
class QuietReader {
  readonly name = "quiet";
  readSync = () => [{ name: "quiet", document: { flags: { beta: true } } }];
  read = async () => this.readSync();
}

describe("patch", () => {
  it("changes parts, removes with null, and keeps the rest as it was written", async () => {
    const flags = composed();
    await flags.definitions.put("beta", {
      type: "boolean",
      owner: "team",
      tags: ["a", "b"],
      metadata: { ticket: "X-1", kept: true },
      percentage: 10,
    });
    await flags.definitions.patch("beta", {
      owner: null,
      tags: ["c"],
      metadata: { ticket: null, added: 1 },
      percentage: 100,
    });
    const { definition } = flags.definitions.get("beta")!;
    expect(definition.owner).toBeUndefined();
    expect(definition.tags).toEqual(["c"]);
    expect(definition.metadata).toEqual({ kept: true, added: 1 });
    expect(flags.client({ targetingKey: "anyone" }).enabled("beta")).toBe(true);
  });

  it("patches a flag that was written as a bare value", async () => {
    const flags = composed();
    await flags.definitions.patch("beta", { enabled: false, off: true });
    expect(flags.client().details("beta")).toMatchObject({ value: true, reason: "DISABLED" });
  });

  it("refuses an unknown flag and a patch that leads to nonsense", async () => {
    const flags = composed();
    await expect(flags.definitions.patch("no", {})).rejects.toThrow(code("FLAG_NOT_FOUND"));
    await expect(flags.definitions.patch("beta", { type: "string" })).rejects.toThrow(
      code("INVALID_DEFINITIONS"),
    );
    await expect(flags.definitions.patch("old-beta", {})).rejects.toThrow(code("ALIAS_READ_ONLY"));
    await expect(flags.definitions.patch("fixed", {})).rejects.toThrow(code("READ_ONLY_SOURCE"));
    expect(flags.client().enabled("beta")).toBe(false);
  });
});

describe("delete", () => {
  it("says whether there was such a flag", async () => {
    const changes: ChangeEvent[] = [];
    const flags = composed(changes);
    // An alias of the flag would dangle.
    await expect(flags.definitions.delete("beta")).rejects.toThrow(code("INVALID_DEFINITIONS"));
    await flags.definitions.put("fresh", true);
    expect(await flags.definitions.delete("fresh")).toBe(true);
    expect(await flags.definitions.delete("fresh")).toBe(false);
    expect(flags.definitions.get("fresh")).toBeUndefined();
    expect(changes.map(({ action }) => action)).toEqual(["created", "removed"]);
  });

  it("refuses what others need, aliases, and flags of code", async () => {
    const flags = composed();
    await flags.definitions.put("base", true);
    await flags.definitions.put("needs", {
      type: "boolean",
      default: true,
      prerequisites: [{ flag: "base", variant: "on" }],
    });
    await expect(flags.definitions.delete("base")).rejects.toThrow(code("INVALID_DEFINITIONS"));
    await expect(flags.definitions.delete("old-beta")).rejects.toThrow(code("ALIAS_READ_ONLY"));
    await expect(flags.definitions.delete("fixed")).rejects.toThrow(code("READ_ONLY_SOURCE"));
    expect(flags.client().enabled("needs")).toBe(true);
  });
});

describe("at the same time", () => {
  it("no write is lost, and each is checked against the one before", async () => {
    const flags = composed();
    const keys = Array.from({ length: 30 }, (_, index) => `many-${index}`);
    const needs = (flag: string) => ({ type: "boolean", prerequisites: [{ flag, variant: "on" }] });
    const results = await Promise.allSettled([
      ...keys.map((key) => flags.definitions.put(key, true)),
      flags.definitions.put("a", true),
      flags.definitions.put("b", needs("a")),
      flags.definitions.put("a", needs("b")),
      flags.definitions.patch("many-0", { enabled: false }),
    ]);
    expect(results.map(({ status }) => status).filter((status) => status === "rejected")).toEqual([
      "rejected",
    ]);
    expect(results[32]?.status).toBe("rejected");
    for (const key of keys) expect(flags.client().enabled(key)).toBe(key !== "many-0");
  });
});

it("a closed instance writes nothing", async () => {
  const flags = composed();
  await flags.close();
  await expect(flags.definitions.put("beta", true)).rejects.toThrow(code("CLOSED"));
  expect(flags.client().enabled("beta")).toBe(false);
});

describe("flags that are not written as entries of their own", () => {
  const listed = () =>
    make({
      sources: [new MemoryStore({ flags: [{ name: "a" }, { name: "b", enabled: false }] })],
    });

  it("of a list stand beside what is written, and can be deleted", async () => {
    const flags = listed();
    await flags.definitions.put("c", true);
    expect(flags.client().all()).toEqual({ a: true, b: false, c: true });
    expect(await flags.definitions.delete("a")).toBe(true);
    expect(flags.client().all()).toEqual({ b: false, c: true });
  });

  it("as a bare value are patched as what the value says", async () => {
    const flags = make({ sources: [new MemoryStore({ flags: { a: true, limit: 5 } })] });
    await flags.definitions.patch("a", { percentage: 0 });
    expect(flags.client({ targetingKey: "u" }).enabled("a")).toBe(false);
    await flags.definitions.patch("limit", { description: "most at once" });
    expect(flags.client().number("limit", 0)).toBe(5);
  });
});
