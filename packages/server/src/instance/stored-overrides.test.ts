import { type EvaluationContext, MemoryStore, type Scope } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { ChangeEvent, FlagsOptions } from "./options.ts";

const actor = { id: "ann", type: "person" };
const by = { actor, reason: "a test" };

const opened: Flags[] = [];
let now: number;
let store: MemoryStore;
let changes: ChangeEvent[];

beforeEach(() => {
  now = 1_000_000;
  changes = [];
  store = new MemoryStore(
    {
      flags: {
        beta: false,
        layout: { variants: { wide: "w", narrow: "n" }, default: "w" },
        fixed: { default: false, overridable: false },
      },
      aliases: { "old-beta": "beta" },
    },
    "store",
  );
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
  vi.restoreAllMocks();
});

function make(options: FlagsOptions = {}): Flags {
  const flags = createFlags({
    environment: "test",
    store,
    clock: () => now,
    hooks: { onChange: (event) => void changes.push(event) },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
  opened.push(flags);
  return flags;
}

const code = (expected: string) =>
  expect.objectContaining({ name: "HalyardError", code: expected });

/** What a subject gets, loaded as a request does it. */
async function enabled(flags: Flags, context: EvaluationContext, key = "beta"): Promise<unknown> {
  const client = flags.client(context);
  await client.ready();
  return client.value(key);
}

const user = (id: string): Scope => ({ kind: "user", id });

describe("an override", () => {
  it("that was written is told by the write, whatever happens to reads and to it afterwards", async () => {
    const flags = make();
    vi.spyOn(store, "listOverrides").mockRejectedValue(new Error("connection reset"));
    const made = await flags.overrides.set("beta", user("u"), true, by);
    expect(made).toMatchObject({ state: "enabled", createdAt: now, priority: 100, actor });
    now += 1000;
    const changed = await flags.overrides.unset("old-beta", user("u"), by);
    expect(changed).toMatchObject({
      flagKey: "beta",
      state: "unset",
      createdAt: made.createdAt,
      updatedAt: now,
    });
    expect(changed.version).toBeGreaterThan(made.version);
  });

  it("is read again where the store does not tell what it has written", async () => {
    const flags = make();
    const write = store.write.bind(store);
    vi.spyOn(store, "write").mockImplementation(async (...args) => {
      const { overrides: _, ...result } = await write(...args);
      return result;
    });
    expect(await flags.overrides.set("beta", user("u"), true, by)).toMatchObject({ value: true });
  });

  it("serves the subjects of its scope, and no others", async () => {
    const flags = make();
    const made = await flags.overrides.set("beta", user("u"), true, by);
    expect(made).toMatchObject({
      flagKey: "beta",
      layer: "user",
      scope: { kind: "user", id: "u" },
      state: "enabled",
      value: true,
      reason: "a test",
      actor,
      createdBy: actor,
      createdAt: now,
      updatedAt: now,
      expiresAt: undefined,
      version: 2,
      priority: 100,
    });
    expect(await enabled(flags, { targetingKey: "u" })).toBe(true);
    expect(await enabled(flags, { targetingKey: "v" })).toBe(false);
    expect(await enabled(flags, { targetingKey: "u", anonymous: true })).toBe(false);
    expect(await enabled(flags, {})).toBe(false);
    const client = flags.client({ targetingKey: "u" });
    await client.ready();
    expect(client.details("beta")).toMatchObject({
      reason: "TARGETING_MATCH",
      cause: "OVERRIDE",
      variant: "on",
    });
  });

  it("is seen by the next request of a subject that is loaded already, here and elsewhere", async () => {
    const [flags, other] = [make(), make()];
    for (const each of [flags, other]) expect(await enabled(each, { userId: "u" })).toBe(false);
    await flags.overrides.set("beta", user("u"), true, by);
    for (const each of [flags, other]) expect(await enabled(each, { userId: "u" })).toBe(true);
    await other.overrides.delete("beta", user("u"), by);
    for (const each of [flags, other]) expect(await enabled(each, { userId: "u" })).toBe(false);
  });

  it("for everybody is in every process, whoever asks", async () => {
    const [flags, other] = [make(), make()];
    await flags.overrides.set("beta", { kind: "system" }, true, by);
    await vi.waitFor(() => expect(other.client().enabled("beta")).toBe(true));
    expect(flags.client().details("beta")).toMatchObject({ reason: "STATIC", cause: "OVERRIDE" });
    await flags.overrides.set("beta", user("u"), false, by);
    expect(await enabled(flags, { userId: "u" })).toBe(false);
    expect(await enabled(flags, { userId: "v" })).toBe(true);
  });

  it("one request keeps what it began with", async () => {
    const flags = make();
    const client = flags.client({ userId: "u" });
    await client.ready();
    expect(client.enabled("beta")).toBe(false);
    await flags.overrides.set("beta", user("u"), true, by);
    await client.ready();
    expect(client.enabled("beta")).toBe(false);
    client.refresh();
    await client.ready();
    expect(client.enabled("beta")).toBe(true);
  });

  it("applies without a definition, under an alias, and after the alias was made", async () => {
    const flags = make();
    await flags.overrides.set("future", user("u"), "value", by);
    expect(await enabled(flags, { userId: "u" }, "future")).toBe("value");
    await flags.overrides.set("old-beta", user("u"), true, by);
    expect(await flags.overrides.get("beta", user("u"))).toMatchObject({ state: "enabled" });
    expect(await enabled(flags, { userId: "u" })).toBe(true);
  });

  it("ends when it expires, and the sweep's audit says so", async () => {
    const flags = make();
    await flags.overrides.set("beta", user("u"), true, { ...by, expiresIn: 1000 });
    await flags.overrides.set("beta", { kind: "session", id: "s" }, true, by);
    now += 999;
    expect(await enabled(flags, { userId: "u" })).toBe(true);
    now += 1;
    expect(await enabled(flags, { userId: "u" })).toBe(false);
    expect(await flags.overrides.get("beta", user("u"))).toMatchObject({ state: "enabled" });
    const session = await flags.overrides.get("beta", { kind: "session", id: "s" });
    expect(session).toMatchObject({ expiresAt: 1_000_000 + 24 * 60 * 60 * 1000 });
  });

  it("that is unset passes on, and is kept", async () => {
    const flags = make();
    await flags.overrides.set("beta", { kind: "tenant", id: "t" }, true, by);
    await flags.overrides.unset("beta", user("u"), by);
    expect(await flags.overrides.get("beta", user("u"))).toMatchObject({ state: "unset" });
    const client = flags.client({ userId: "u", tenantId: "t" });
    await client.ready();
    expect(client.enabled("beta")).toBe(true);
    expect(client.explain("beta").overrides.map(({ scope, outcome }) => [scope, outcome])).toEqual([
      ["user:u", "unset"],
      ["tenant:t", "served"],
    ]);
  });

  it("that is not there is missing", async () => {
    const flags = make();
    expect(await flags.overrides.get("beta", user("u"))).toEqual({
      flagKey: "beta",
      scope: user("u"),
      state: "missing",
    });
    expect(await flags.overrides.delete("beta", user("u"), by)).toBe(false);
    expect(changes).toEqual([]);
  });

  it("is written only over the version that was meant", async () => {
    const flags = make();
    const { version } = await flags.overrides.set("beta", user("u"), true, { ...by, ifVersion: 0 });
    const stale = flags.overrides.set("beta", user("u"), false, { ...by, ifVersion: 0 });
    await expect(stale).rejects.toEqual(code("VERSION_CONFLICT"));
    await flags.overrides.set("beta", user("u"), false, { ...by, ifVersion: version });
    const remove = flags.overrides.delete("beta", user("u"), { ...by, ifVersion: version });
    await expect(remove).rejects.toEqual(code("VERSION_CONFLICT"));
    expect(await flags.overrides.get("beta", user("u"))).toMatchObject({ state: "disabled" });
  });
});

const REFUSED: readonly (readonly [string, (flags: Flags) => Promise<unknown>, string])[] = [
  ["no actor", (f) => f.overrides.set("beta", user("u"), true, {} as never), "INVALID_ACTOR"],
  ["a key that is none", (f) => f.overrides.set("a b", user("u"), true, by), "INVALID_KEY"],
  ["a prototype's key", (f) => f.overrides.set("__proto__", user("u"), true, by), "INVALID_KEY"],
  ["no scope", (f) => f.overrides.set("beta", undefined as never, true, by), "INVALID_SCOPE"],
  [
    "an unknown kind of scope",
    (f) => f.overrides.set("beta", { kind: "planet", id: "x" } as never, true, by),
    "INVALID_SCOPE",
  ],
  [
    "a prototype's kind of scope",
    (f) => f.overrides.set("beta", { kind: "constructor", id: "x" } as never, true, by),
    "INVALID_SCOPE",
  ],
  ["an empty id", (f) => f.overrides.set("beta", user(""), true, by), "INVALID_SCOPE"],
  [
    "an id of 10 kB",
    (f) => f.overrides.set("beta", user("x".repeat(10_000)), true, by),
    "INVALID_SCOPE",
  ],
  ["half a character", (f) => f.overrides.set("beta", user("\ud800"), true, by), "INVALID_SCOPE"],
  [
    "a qualifier that the kind has not",
    (f) => f.overrides.set("beta", { kind: "tenant", id: "t", org: "o" } as never, true, by),
    "INVALID_SCOPE",
  ],
  [
    "a value of another type",
    (f) => f.overrides.set("beta", user("u"), "on", by),
    "INVALID_OVERRIDE",
  ],
  [
    "a value that is no JSON",
    (f) => f.overrides.set("new", user("u"), (() => 1) as never, by),
    "INVALID_OVERRIDE",
  ],
  [
    "a huge value",
    (f) => f.overrides.set("new", user("u"), "x".repeat(100_000), by),
    "INVALID_OVERRIDE",
  ],
  [
    "a flag that is not overridable",
    (f) => f.overrides.set("fixed", user("u"), true, by),
    "INVALID_OVERRIDE",
  ],
  [
    "an end that has passed",
    (f) => f.overrides.set("beta", user("u"), true, { ...by, expiresAt: 1 }),
    "INVALID_OVERRIDE",
  ],
  [
    "an end that is no time",
    (f) => f.overrides.set("beta", user("u"), true, { ...by, expiresAt: "soon" }),
    "INVALID_OVERRIDE",
  ],
  [
    "two ends",
    (f) => f.overrides.set("beta", user("u"), true, { ...by, expiresIn: 1, expiresAt: 2e12 }),
    "INVALID_OVERRIDE",
  ],
  [
    "an emergency without a reason",
    (f) => f.overrides.kill("beta", { actor } as never),
    "INVALID_OVERRIDE",
  ],
  ["a user who is none", (f) => f.groups.add("g", "", by), "INVALID_SCOPE"],
  [
    "too many tenants",
    (f) => f.overrides.rolloutToTenants("beta", Array.from({ length: 1001 }, String), by),
    "INVALID_OVERRIDE",
  ],
  ["a page too long", (f) => f.overrides.list({ limit: 1001 }), "INVALID_OPTIONS"],
  ["a cursor that is none", (f) => f.overrides.list({ cursor: "x" }), "INVALID_OPTIONS"],
];

describe("refused, and nothing written", () => {
  it.each(REFUSED)("%s", async (_name, write, expected) => {
    const flags = make();
    // A cursor is compared with something.
    await store.write(
      [{ what: "override", flagKey: "z", layer: "user", scope: "user:z", put: { value: 1 } }],
      { actor, at: 0 },
    );
    const before = store.readSync().version;
    await expect(write(flags)).rejects.toEqual(code(expected));
    expect(store.readSync().version).toBe(before);
    expect(changes).toEqual([]);
  });

  it("without a store, all but emergencies", async () => {
    const flags = make({ store: undefined, sources: [{ flags: { beta: true } }] });
    for (const write of [
      () => flags.overrides.set("beta", user("u"), true, by),
      () => flags.overrides.get("beta", user("u")),
      () => flags.groups.add("g", "u", by),
      () => flags.audit.list(),
    ]) {
      await expect(write()).rejects.toEqual(code("STORE_UNAVAILABLE"));
    }
    await flags.overrides.kill("beta", by);
    expect(flags.client().enabled("beta")).toBe(false);
    expect(await flags.overrides.restore("beta", by)).toBe(true);
    expect(flags.client().enabled("beta")).toBe(true);
  });

  it("once the instance is closed", async () => {
    const flags = make();
    await flags.close();
    await expect(flags.overrides.set("beta", user("u"), true, by)).rejects.toEqual(code("CLOSED"));
    await expect(flags.overrides.kill("beta", by)).rejects.toEqual(code("CLOSED"));
  });
});

describe("an emergency", () => {
  it("beats everything in every process, and only restore ends it", async () => {
    const [flags, other] = [make(), make({ overrides: { beta: true } })];
    await flags.overrides.set("beta", { kind: "session", id: "s" }, true, by);
    await flags.overrides.kill("beta", by);
    await vi.waitFor(() => expect(other.client().enabled("beta")).toBe(false));
    expect(await enabled(flags, { sessionId: "s" })).toBe(false);
    await flags.overrides.set("beta", { kind: "system" }, true, by);
    await flags.overrides.delete("beta", { kind: "system" }, by);
    expect(await flags.overrides.clear("beta", by)).toBe(1);
    expect(flags.client().enabled("beta", true)).toBe(false);
    expect(flags.overrides.emergency("beta")).toMatchObject({ layer: "emergency", priority: 1000 });
    expect((await flags.overrides.list()).items).toMatchObject([{ layer: "emergency" }]);
    expect(await other.overrides.restore("beta", by)).toBe(true);
    expect(await other.overrides.restore("beta", by)).toBe(false);
    await vi.waitFor(() => expect(flags.overrides.emergency("beta")).toBeUndefined());
  });

  it("overrides what is not overridable", async () => {
    const flags = make();
    await flags.overrides.kill("fixed", { ...by, value: true });
    expect(flags.client().enabled("fixed")).toBe(true);
  });
});

describe("helpers", () => {
  it("roll out to tenants, all at once", async () => {
    const flags = make();
    await flags.overrides.rolloutToTenants("beta", ["t1", "t2"], by);
    for (const tenantId of ["t1", "t2"]) expect(await enabled(flags, { tenantId })).toBe(true);
    expect(await enabled(flags, { tenantId: "t3" })).toBe(false);
    expect(store.readSync().version).toBe(2);
  });

  it("enrol a user, and undo it", async () => {
    const flags = make();
    await flags.overrides.enrol("beta", "u", by);
    expect(await enabled(flags, { userId: "u" })).toBe(true);
    expect(await flags.overrides.withdraw("beta", "u", by)).toBe(true);
    expect(await enabled(flags, { userId: "u" })).toBe(false);
    expect(await flags.overrides.withdraw("beta", "u", by)).toBe(false);
  });

  it("take all overrides of a flag away", async () => {
    const flags = make();
    for (let n = 0; n < 25; n++) await flags.overrides.set("beta", user(`u${n}`), true, by);
    await flags.overrides.set("layout", user("u1"), "n", by);
    expect(await flags.overrides.clear("beta", by)).toBe(25);
    expect((await flags.overrides.list()).items).toMatchObject([{ flagKey: "layout" }]);
  });
});

describe("groups", () => {
  it("join those of the context", async () => {
    const flags = make();
    const rule = {
      id: "r",
      when: [{ attribute: "groups", op: "contains", values: ["pilots"] }],
      serve: "on",
    };
    await flags.definitions.put("pilot", { default: false, rules: [rule] });
    expect(await enabled(flags, { userId: "u", groups: ["staff"] }, "pilot")).toBe(false);
    expect(await flags.groups.add("pilots", "u", by)).toBe(true);
    expect(await flags.groups.add("pilots", "u", by)).toBe(false);
    expect(await enabled(flags, { userId: "u", groups: ["staff"] }, "pilot")).toBe(true);
    const client = flags.client({ userId: "u", groups: "staff" });
    await client.ready();
    expect(client.enabled("pilot")).toBe(true);
    expect(await flags.groups.groupsOf("u")).toEqual(["pilots"]);
    expect(await flags.groups.members("pilots")).toEqual({ items: ["u"], cursor: undefined });
    expect(await flags.groups.remove("pilots", "u", by)).toBe(true);
    expect(await flags.groups.remove("pilots", "u", by)).toBe(false);
    expect(await enabled(flags, { userId: "u" }, "pilot")).toBe(false);
  });
});

describe("the audit", () => {
  it("has every write with who, why and what, newest first, and hooks hear the same", async () => {
    const flags = make();
    await flags.definitions.put("new", true, { ...by, requestId: "r-1" });
    await flags.overrides.set("new", user("u"), false, by);
    await flags.groups.add("g", "u", by);
    await flags.overrides.kill("new", by);
    const { items } = await flags.audit.list();
    expect(items.map(({ action, what, key, scope }) => [action, what, key, scope])).toEqual([
      ["created", "override", "new", "emergency"],
      ["created", "group", "g", "u"],
      ["created", "override", "new", "user:u"],
      ["created", "flag", "new", undefined],
    ]);
    expect(items.at(-1)).toMatchObject({
      actor,
      reason: "a test",
      requestId: "r-1",
      at: now,
      before: undefined,
      after: { enabled: true },
    });
    expect(changes.map(({ key, action, scope }) => [key, action, scope])).toEqual([
      ["new", "created", "flag"],
      ["new", "created", "user:u"],
      ["g", "created", "u"],
      ["new", "created", "emergency"],
    ]);
    const page = await flags.audit.list({ what: "override", limit: 1 });
    expect(page.items).toHaveLength(1);
    const rest = await flags.audit.list({ what: "override", cursor: page.cursor });
    expect(rest).toMatchObject({ items: [{ scope: "user:u" }], cursor: undefined });
  });
});
