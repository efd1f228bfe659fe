import { MemoryStore } from "@halyard/core";
import { expect, it } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { ChangeEvent } from "./options.ts";

const actor = { id: "ann", type: "person" };
const staff = { attribute: "groups", op: "contains", values: ["staff"] };

function instance(store = new MemoryStore(), events: ChangeEvent[] = []): Flags {
  const sources = [{ flags: { fixed: true }, segments: { known: staff } }];
  return createFlags({ sources, store, hooks: { onChange: (event) => events.push(event) } });
}

it("segments are created, replaced, listed and removed, with versions", async () => {
  const f = instance();
  const made = await f.segments.put("staff", staff, { actor, ifVersion: 0 });
  expect(made).toMatchObject({ key: "staff", writable: true, source: "memory" });
  const next = await f.segments.put("staff", { any: [staff] }, { ifVersion: made.version });
  expect(next.version).toBeGreaterThan(made.version ?? 0);
  await expect(f.segments.put("staff", staff, { ifVersion: made.version })).rejects.toMatchObject({
    code: "VERSION_CONFLICT",
  });
  const first = f.segments.list({ limit: 1 });
  expect(first.items.map(({ key }) => key)).toEqual(["known"]);
  expect(f.segments.list({ cursor: first.cursor }).items.map(({ key }) => key)).toEqual(["staff"]);
  expect(f.segments.get("known")).toMatchObject({ writable: false, version: undefined });
  expect(f.segments.get("nobody")).toBeUndefined();
  expect(await f.segments.delete("staff")).toBe(true);
  expect(await f.segments.delete("staff")).toBe(false);
  await f.close();
});

it("a segment that a store began with has a version, and can be replaced once", async () => {
  const f = instance(new MemoryStore({ flags: {}, segments: { staff } }));
  const { version } = f.segments.get("staff") ?? {};
  await f.segments.put("staff", { not: staff }, { ifVersion: version });
  await expect(f.segments.put("staff", staff, { ifVersion: version })).rejects.toMatchObject({
    code: "VERSION_CONFLICT",
  });
  await f.close();
});

it("a segment stays while a flag names it, and a file's is its own", async () => {
  const f = instance();
  await f.segments.put("staff", staff);
  await f.definitions.put("beta", { rules: [{ id: "staff", when: { segment: "staff" } }] });
  await expect(f.segments.delete("staff")).rejects.toMatchObject({ code: "INVALID_DEFINITIONS" });
  await expect(f.segments.put("known", staff)).rejects.toMatchObject({ code: "READ_ONLY_SOURCE" });
  for (const bad of ["", "__proto__", "a b", "x".repeat(257)]) {
    await expect(f.segments.put(bad, staff)).rejects.toMatchObject({ code: "INVALID_KEY" });
  }
  await f.close();
});

it("changes of every kind are made together, and told each as it is alone", async () => {
  const events: ChangeEvent[] = [];
  const f = instance(new MemoryStore(), events);
  const scope = { kind: "user", id: "ben" } as const;
  const report = await f.change(
    [
      { what: "segment", op: "put", key: "staff", definition: staff, ifVersion: 0 },
      {
        what: "flag",
        op: "put",
        key: "beta",
        definition: { rules: [{ id: "staff", when: { segment: "staff" } }] },
      },
      { what: "override", op: "set", key: "beta", scope, value: true },
      { what: "group", op: "add", group: "staff", user: "cleo" },
    ],
    { actor, reason: "launch", requestId: "r1" },
  );
  expect(report.changes.map(({ what, changed }) => [what, changed])).toEqual([
    ["segment", true],
    ["flag", true],
    ["override", true],
    ["group", true],
  ]);
  const { items } = await f.audit.list();
  expect(new Set(items.map(({ version, requestId }) => `${version} ${requestId}`))).toEqual(
    new Set([`${report.version} r1`]),
  );
  expect(events.map(({ key, scope: where, action }) => `${key} ${where} ${action}`)).toEqual([
    "staff segment created",
    "beta flag created",
    "beta user:ben created",
    "staff cleo created",
  ]);
  // A flag's values are its canonical form, as after `put`.
  expect(events[1]?.newValue).toMatchObject({ type: "boolean", overridable: true });
  await f.close();
});

it("one change that can't be made keeps all others from being made", async () => {
  const f = instance();
  const good = { what: "flag", op: "put", key: "good", definition: { enabled: true } } as const;
  const refusals = [
    [{ what: "flag", op: "put", key: "bad", definition: { rulez: [] } }, "INVALID_DEFINITIONS"],
    [{ what: "flag", op: "patch", key: "nope", patch: { enabled: true } }, "FLAG_NOT_FOUND"],
    [{ what: "segment", op: "patch", key: "nope", patch: {} }, "SEGMENT_NOT_FOUND"],
    [{ what: "flag", op: "delete", key: "fixed" }, "READ_ONLY_SOURCE"],
    [{ what: "group", op: "add", group: "", user: "x" }, "INVALID_SCOPE"],
    [{ what: "flag", op: "delete", key: "good", ifVersion: 7 }, "VERSION_CONFLICT"],
  ] as const;
  for (const [bad, code] of refusals) {
    await expect(f.change([good, bad as never])).rejects.toMatchObject({ code });
  }
  expect(f.definitions.get("good")).toBeUndefined();
  expect((await f.audit.list()).items).toEqual([]);
  await f.close();
});

it("overrides are held against the flags that the same changes leave", async () => {
  const f = instance();
  const scope = { kind: "user", id: "ben" } as const;
  const put = (definition: object, key = "layout") =>
    ({ what: "flag", op: "put", key, definition }) as const;
  const set = (value: string | boolean, key = "layout") =>
    ({ what: "override", op: "set", key, scope, value }) as const;
  const unset = { what: "override", op: "unset", key: "layout", scope } as const;
  const text = put({ default: "wide" });
  const closed = put({ default: "wide", overridable: false });
  const refused = expect.objectContaining({ code: "INVALID_OVERRIDE" });
  for (const dryRun of [true, false]) {
    for (const batch of [
      [text, set(true)],
      [set(true), text],
      [closed, set("narrow")],
      [closed, unset],
      [text, set("narrow"), set("narrow", "fixed")],
    ]) {
      await expect(f.change(batch, { dryRun })).rejects.toEqual(refused);
    }
  }
  expect(f.definitions.get("layout")).toBeUndefined();
  expect((await f.audit.list()).items).toEqual([]);
  await f.change([text, set("narrow")]);
  // What the flag was does not count: not its type, not that it could be overridden.
  await expect(f.change([put({ default: 1 }), set("wide")])).rejects.toEqual(refused);
  await f.change([put({ default: false }), set(true)]);
  await expect(f.change([closed, set("narrow")])).rejects.toEqual(refused);
  await f.change([closed]);
  await f.change([text, set("narrow")]);
  // An override needs no flag.
  await f.change([{ what: "flag", op: "delete", key: "layout" }, set(true)]);
  expect(await f.overrides.get("layout", scope)).toMatchObject({ value: true });
  await f.close();
});

it("a dry run says what would change and what is wrong, and writes nothing", async () => {
  const f = instance();
  await f.definitions.put("beta", { percentage: 10 });
  const scope = { kind: "user", id: "ben" } as const;
  const report = await f.change(
    [
      { what: "flag", op: "patch", key: "beta", patch: { percentage: 250 } },
      { what: "override", op: "set", key: "beta", scope, value: true },
      { what: "group", op: "remove", group: "staff", user: "cleo" },
    ],
    { dryRun: true },
  );
  expect(report.version).toBeUndefined();
  expect(report.problems).toMatchObject([{ path: "/flags/beta/percentage" }]);
  expect(report.changes).toEqual([
    {
      what: "flag",
      key: "beta",
      scope: undefined,
      before: { percentage: 10 },
      after: { percentage: 250 },
      changed: true,
    },
    {
      what: "override",
      key: "beta",
      scope: "user:ben",
      before: undefined,
      after: { state: "enabled", value: true },
      changed: true,
    },
    {
      what: "group",
      key: "staff",
      scope: "cleo",
      before: undefined,
      after: undefined,
      changed: false,
    },
  ]);
  expect((await f.audit.list()).items).toHaveLength(1);
  const stale = { what: "flag", op: "delete", key: "beta", ifVersion: 1 } as const;
  await expect(f.change([stale], { dryRun: true })).rejects.toMatchObject({
    code: "VERSION_CONFLICT",
  });
  await f.close();
});

it.each([null, 7, [], {}, { what: "proposal" }, { what: "constructor" }])(
  "%j is no change, and is said to be none",
  async (change) => {
    const f = instance();
    await expect(f.change([change as never])).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    await f.close();
  },
);
