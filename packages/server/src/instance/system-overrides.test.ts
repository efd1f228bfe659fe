import { MemoryStore } from "@halyard/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { ChangeEvent, FlagsOptions } from "./options.ts";

const actor = { id: "ops", type: "person", name: "Olga" };
const reason = "checkout burns";

const opened: Flags[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions = {}): Flags {
  const document = {
    flags: {
      checkout: true,
      risky: { type: "boolean", default: true, off: true },
      layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w", off: "n" },
      price: { type: "number", variants: { low: 1, high: 2 }, default: 1 },
      locked: { type: "boolean", default: true, overridable: false },
    },
    aliases: { "old-checkout": "checkout" },
  };
  const flags = createFlags({
    sources: [new MemoryStore(document)],
    environment: "test",
    ...options,
  });
  opened.push(flags);
  return flags;
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("kill and restore", () => {
  it("serves the off value to everybody from the next client on", async () => {
    const flags = make();
    const before = flags.client();
    await flags.overrides.kill("checkout", { actor, reason });
    await flags.overrides.kill("layout", { actor, reason });
    expect(before.enabled("checkout")).toBe(true);
    expect(flags.client().details("checkout")).toMatchObject({
      value: false,
      variant: "off",
      reason: "STATIC",
      cause: "OVERRIDE",
    });
    expect(flags.client().value("layout")).toBe("n");
    before.refresh();
    expect(before.enabled("checkout")).toBe(false);
    expect(await flags.overrides.restore("checkout", { actor })).toBe(true);
    expect(await flags.overrides.restore("checkout", { actor })).toBe(false);
    expect(flags.client().enabled("checkout")).toBe(true);
    expect(flags.client().value("layout")).toBe("n");
  });

  it("serves a given value, also of flags without a definition and by an alias", async () => {
    const flags = make();
    await flags.overrides.kill("price", { actor, reason, value: 2 });
    await flags.overrides.kill("unknown", { actor, reason });
    await flags.overrides.kill("old-checkout", { actor, reason });
    await flags.overrides.kill("locked", { actor, reason });
    const client = flags.client();
    expect(client.details("price")).toMatchObject({ value: 2, variant: "high" });
    expect(client.enabled("unknown", true)).toBe(false);
    expect(client.enabled("checkout")).toBe(false);
    expect(client.enabled("locked")).toBe(false);
    expect(await flags.overrides.restore("checkout", { actor })).toBe(true);
  });

  it("keeps the emergency through new definitions and local overrides", async () => {
    const flags = make({ overrides: { checkout: true } });
    await flags.overrides.kill("checkout", { actor, reason });
    await flags.definitions.put("checkout", { type: "boolean", default: true });
    expect(flags.client().enabled("checkout")).toBe(false);
    await flags.overrides.restore("checkout", { actor });
    expect(flags.client().enabled("checkout")).toBe(true);
  });

  it("records who, why and when, and reports it", async () => {
    const changes: ChangeEvent[] = [];
    let now = 1000;
    const flags = make({
      clock: () => now,
      hooks: { onChange: (event) => void changes.push(event) },
    });
    const first = await flags.overrides.kill("old-checkout", { actor, reason });
    expect(first).toMatchObject({
      flagKey: "checkout",
      layer: "emergency",
      scope: { kind: "system" },
      state: "disabled",
      value: false,
      reason,
      actor,
      createdAt: 1000,
      updatedAt: 1000,
    });
    expect(Object.isFrozen(first)).toBe(true);
    now = 2000;
    await flags.overrides.kill("checkout", { actor, reason: "still", value: true });
    expect(flags.overrides.emergency("old-checkout")).toMatchObject({
      state: "enabled",
      createdAt: 1000,
      updatedAt: 2000,
    });
    await flags.overrides.restore("checkout", { actor });
    expect(flags.overrides.emergency("checkout")).toBeUndefined();
    const common = { key: "checkout", scope: "emergency", actor };
    expect(changes).toEqual([
      { ...common, requestedKey: "old-checkout", action: "created", reason, newValue: false },
      {
        ...common,
        requestedKey: "checkout",
        action: "updated",
        reason: "still",
        oldValue: false,
        newValue: true,
      },
      { ...common, requestedKey: "checkout", action: "removed", oldValue: true },
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no actor", { reason }, "INVALID_ACTOR"],
    ["an actor without id", { actor: { type: "person" }, reason }, "INVALID_ACTOR"],
    ["an actor without type", { actor: { id: "ops" }, reason }, "INVALID_ACTOR"],
    ["an empty actor", { actor: { id: "", type: "person" }, reason }, "INVALID_ACTOR"],
    ["no reason", { actor }, "INVALID_OVERRIDE"],
    ["a blank reason", { actor, reason: "  " }, "INVALID_OVERRIDE"],
    ["a value of another type", { actor, reason, value: "no" }, "INVALID_OVERRIDE"],
  ])("refuses %s, and changes nothing", async (_name, options, expected) => {
    const flags = make();
    await expect(flags.overrides.kill("checkout", options as never)).rejects.toThrow(
      code(expected),
    );
    expect(flags.client().enabled("checkout")).toBe(true);
    expect(flags.overrides.forEverybody()).toEqual([]);
  });

  it("refuses a key that is none, and a restore by nobody", async () => {
    const flags = make();
    for (const key of ["", "a b", "__proto__"]) {
      await expect(flags.overrides.kill(key, { actor, reason })).rejects.toThrow(
        code("INVALID_KEY"),
      );
    }
    await flags.overrides.kill("checkout", { actor, reason });
    await expect(flags.overrides.restore("checkout", {} as never)).rejects.toThrow(
      code("INVALID_ACTOR"),
    );
    expect(flags.client().enabled("checkout")).toBe(false);
  });
});

describe("local overrides", () => {
  it("come from code, beat definitions, and apply without one", () => {
    const overrides = { checkout: false, unknown: true, locked: false, layout: "n" };
    const client = make({ overrides }).client();
    expect(client.enabled("checkout")).toBe(false);
    expect(client.enabled("unknown")).toBe(true);
    expect(client.enabled("locked")).toBe(false);
    expect(client.details("layout")).toMatchObject({ value: "n", variant: "narrow" });
  });

  it("come from the environment, as the flag's type has it", () => {
    vi.stubEnv(
      "FEATURE_OVERRIDES",
      "checkout=false,layout=narrow,price=high,unknown=true,text=a=b",
    );
    const client = make().client();
    expect(client.enabled("checkout")).toBe(false);
    expect(client.details("layout")).toMatchObject({ value: "n", variant: "narrow" });
    expect(client.value("price")).toBe(2);
    expect(client.enabled("unknown")).toBe(true);
    expect(client.value("text")).toBe("a=b");
  });

  it("of code win over the environment's", () => {
    vi.stubEnv("FEATURE_OVERRIDES", "checkout=false,risky=false");
    const client = make({ overrides: { checkout: true } }).client();
    expect([client.enabled("checkout"), client.enabled("risky")]).toEqual([true, false]);
  });

  it("of the wrong type do not apply", () => {
    vi.stubEnv("FEATURE_OVERRIDES", "checkout=maybe,price=cheap");
    const client = make({ overrides: { layout: 7 } }).client();
    expect([client.enabled("checkout"), client.value("price"), client.value("layout")]).toEqual([
      true,
      1,
      "w",
    ]);
  });

  it("are listed, behind emergencies", async () => {
    const flags = make({ overrides: { "old-checkout": false } });
    await flags.overrides.kill("risky", { actor, reason });
    expect(flags.overrides.forEverybody()).toMatchObject([
      { flagKey: "risky", layer: "emergency", value: true },
      { flagKey: "checkout", layer: "local", value: false, state: "disabled" },
    ]);
  });
});

describe("emergencies that things happen to", () => {
  it("outlive a flag that is renamed with an alias", async () => {
    let document: object = { flags: { checkout: true } };
    let changed = (): void => {};
    const read = () => [{ name: "file", document: structuredClone(document) }];
    const flags = make({
      sources: [
        {
          name: "file",
          readSync: read,
          read: async () => read(),
          watch: ({ onChange }) => {
            changed = () => onChange(["file"]);
            return () => {};
          },
        },
      ],
    });
    await flags.overrides.kill("checkout", { actor, reason });
    document = { flags: { "new-checkout": true }, aliases: { checkout: "new-checkout" } };
    changed();
    await vi.waitFor(() => expect(flags.definitions.get("new-checkout")).toBeDefined());
    expect(flags.client().enabled("new-checkout")).toBe(false);
    expect(flags.client().enabled("checkout")).toBe(false);
    expect(flags.overrides.emergency("new-checkout")).toMatchObject({ reason });
    expect(await flags.overrides.restore("checkout", { actor })).toBe(true);
    expect(flags.client().enabled("new-checkout")).toBe(true);
  });

  it("say so when the flag's new type leaves them without effect", async () => {
    const error = vi.fn();
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error };
    const flags = make({ logger });
    await flags.overrides.kill("checkout", { actor, reason });
    await flags.definitions.put("checkout", { type: "string", default: "a" });
    expect(error).toHaveBeenCalledWith(expect.stringContaining("has no effect"));
  });

  it("keep their value whatever a reader or the caller does to theirs", async () => {
    const value = { a: 1 };
    const flags = make({ overrides: { local: value } });
    await flags.overrides.kill("undefined-flag", { actor, reason, value });
    value.a = 99;
    expect(flags.client().json("undefined-flag", null)).toEqual({ a: 1 });
    expect(flags.client().json("local", null)).toEqual({ a: 1 });
    expect(Object.isFrozen(flags.client().json("undefined-flag", null))).toBe(true);
  });

  it("take null for a value, and nothing that is no JSON", async () => {
    const flags = make();
    await flags.overrides.kill("nothing", { actor, reason, value: null });
    expect(flags.client().details("nothing").value).toBeNull();
    const kill = flags.overrides.kill("map", { actor, reason, value: new Map() as never });
    await expect(kill).rejects.toEqual(code("INVALID_OVERRIDE"));
  });

  it("tell their reason to whoever listens", async () => {
    const changes: ChangeEvent[] = [];
    const flags = make({ hooks: { onChange: (event) => changes.push(event) } });
    await flags.overrides.kill("checkout", { actor, reason });
    await flags.overrides.restore("checkout", { actor, reason: "burnt down" });
    expect(changes.map((change) => change.reason)).toEqual([reason, "burnt down"]);
  });
});
