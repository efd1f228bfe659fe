import { MemoryStore } from "@halyard/core";
import { afterEach, expect, it, vi } from "vitest";
import { createFlags } from "../create-flags.ts";
import { FlagsInstance } from "../flags-instance.ts";
import { GuardObserver } from "../guard/guard-list.ts";
import type { FlagsOptions } from "../instance/options.ts";
import type { FlagUsage, UsageOptions } from "./usage-report.ts";

const DAY = 86_400_000;
const START = Date.parse("2027-01-01T00:00:00Z");

let now = START;
const opened: FlagsInstance[] = [];

afterEach(async () => {
  now = START;
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((f) => f.close()));
});

function make(flags: Readonly<Record<string, unknown>>, options: FlagsOptions = {}): FlagsInstance {
  const f = new FlagsInstance({
    sources: [{ flags }],
    environment: "test",
    clock: () => now,
    usage: true,
    ...options,
  });
  opened.push(f);
  return f;
}

function usageOf(f: FlagsInstance, key: string, options?: UsageOptions): FlagUsage {
  const found = f.usage(options).flags.find((flag) => flag.key === key);
  if (found === undefined) throw new Error(`no flag ${key}`);
  return found;
}

const place = (pattern: unknown, method = "GET", mounted = false) => ({ method, pattern, mounted });

/** Reads in a request of its own. */
function read(f: FlagsInstance, key: string, route: unknown, method?: string): void {
  const observer = f.readCounter?.recorder(() => place(route, method));
  f.clientFor({ targetingKey: "ann" }, observer).value(key as never);
}

const layout = {
  variants: { wide: 1, narrow: 2 },
  targets: [{ variant: "narrow", values: ["ann"] }],
};

it("tells where flags are read, what they give, and when they were read last", () => {
  const f = make({ layout, plain: true });
  read(f, "layout", "/a");
  f.client({ targetingKey: "ben" }).value("layout" as never);
  f.usage();
  now += DAY;
  read(f, "layout", "/b", "POST");
  read(f, "layout", "/b", "POST");
  expect(usageOf(f, "layout")).toEqual({
    key: "layout",
    owner: undefined,
    expires: undefined,
    since: START,
    reads: 4,
    lastRead: START + DAY,
    values: [
      { value: "narrow", reads: 3, lastRead: START + DAY },
      { value: "wide", reads: 1, lastRead: START },
    ],
    routes: [
      { method: "POST", route: "/b", reads: 2, lastRead: START + DAY },
      { method: "GET", route: "/a", reads: 1, lastRead: START },
    ],
    guards: [],
    requiredBy: [],
    findings: [],
  });
  expect(f.usage()).toMatchObject({ counted: true, since: START, at: START + DAY, days: 30 });
});

it("finds flags that are never read, no longer read, past their time, or of one value", () => {
  const f = make({
    never: true,
    once: true,
    both: layout,
    one: true,
    old: { enabled: true, expires: "2027-01-20" },
  });
  const findings = () =>
    Object.fromEntries(f.usage({ days: 10 }).flags.map((flag) => [flag.key, flag.findings]));
  f.client().value("once" as never);
  expect(findings()).toEqual({
    both: ["never-read"],
    never: ["never-read"],
    old: ["never-read"],
    once: [],
    one: ["never-read"],
  });
  for (let day = 0; day < 20; day++) {
    now += DAY;
    f.client({ targetingKey: day % 2 ? "ann" : "ben" }).value("both" as never);
    f.client().value("one" as never);
    f.usage();
  }
  expect(findings()).toEqual({
    both: [],
    never: ["never-read"],
    old: ["expired", "never-read"],
    once: ["unread"],
    one: ["one-value"],
  });
});

it("says nothing of days that it did not watch", () => {
  const f = make({ one: true });
  f.client().value("one" as never);
  now += 5 * DAY;
  f.client().value("one" as never);
  expect(usageOf(f, "one", { days: 6 }).findings).toEqual([]);
  expect(usageOf(f, "one", { days: 5 }).findings).toEqual(["one-value"]);
});

it("counts a flag from when it is there, and forgets it when it is gone", async () => {
  const f = make({}, { store: new MemoryStore() });
  await f.ready();
  now += DAY;
  await f.definitions.put("late", true);
  expect(usageOf(f, "late").since).toBe(START + DAY);
  f.client().value("late" as never);
  await f.definitions.delete("late");
  expect(f.usage().flags).toEqual([]);
  now += DAY;
  await f.definitions.put("late", true);
  expect(usageOf(f, "late")).toMatchObject({ reads: 0, since: START + 2 * DAY });
  f.client().value("late" as never);
  expect(usageOf(f, "late").reads).toBe(1);
});

it("takes a flag for read that another one needs, and names it", () => {
  const f = make({
    base: true,
    middle: { enabled: true, prerequisites: [{ flag: "base", variant: "on" }] },
    top: { enabled: true, prerequisites: [{ flag: "middle", variant: "on" }] },
  });
  expect(usageOf(f, "base").findings).toEqual(["never-read"]);
  f.client().value("top" as never);
  expect(usageOf(f, "base")).toMatchObject({ reads: 0, requiredBy: ["middle"], findings: [] });
});

it("counts values that overrides give, and those of a stale source, as what they are", async () => {
  const f = make({ plain: false }, { store: new MemoryStore() });
  await f.ready();
  f.client().value("plain" as never);
  await f.overrides.kill("plain", { actor: { id: "ops", type: "user" }, reason: "r", value: true });
  f.client().value("plain" as never);
  expect(usageOf(f, "plain").values.map(({ value, reads }) => [value, reads])).toEqual([
    ["false", 1],
    ["true", 1],
  ]);
});

it("looks once a minute by itself, and no more when it is closed", async () => {
  vi.useFakeTimers();
  const f = make({ plain: true });
  f.client().value("plain" as never);
  now += DAY;
  vi.advanceTimersByTime(60_000);
  now += DAY;
  expect(usageOf(f, "plain").lastRead).toBe(START + DAY);
  await f.close();
  expect(vi.getTimerCount()).toBe(0);
});

it("keeps nothing of keys that are no flag's, and not more routes than are reasonable", () => {
  const f = make({ plain: true });
  for (let index = 0; index < 100_000; index++) f.client().value(`no-${index}` as never);
  for (let index = 0; index < 2000; index++) read(f, "plain", `/${index}/${"x".repeat(500)}`);
  read(f, "plain", /regular/);
  const { flags } = f.usage();
  expect(flags).toHaveLength(1);
  expect(flags[0]).toMatchObject({ reads: 2001, values: [{ value: "true", reads: 2001 }] });
  expect(flags[0]?.routes).toHaveLength(100);
  expect(flags[0]?.routes.every(({ route }) => route.length <= 200)).toBe(true);
  expect(f.readCounter?.look()).toHaveLength(1001);
});

it("names no method that a client made up, as HTTP/2 lets it", () => {
  const f = make({ plain: true });
  const guard = new GuardObserver({ flags: ["plain"], kind: "require" });
  for (const method of ["GET", ...Array.from({ length: 1500 }, (_, index) => `MADE-UP-${index}`)]) {
    read(f, "plain", "/a", method);
    guard.observe(f.guardList, place("/a", method));
  }
  read(f, "plain", "/b");
  guard.observe(f.guardList, place("/b"));
  const both = [
    { method: "GET", route: "/a" },
    { method: "GET", route: "/b" },
  ];
  expect(usageOf(f, "plain")).toMatchObject({ reads: 1502, routes: both });
  expect(f.guards()).toMatchObject(both);
});

it("does not count all() and explain(), which ask for everything", () => {
  const f = make({ plain: true });
  f.client().all();
  f.client().explain("plain" as never);
  expect(usageOf(f, "plain").findings).toEqual(["never-read"]);
});

it("knows only what expires, unless it is asked to count", () => {
  const f = make({ old: { enabled: true, expires: "2026-12-31" }, plain: true }, { usage: false });
  f.client().value("plain" as never);
  expect(f.readCounter).toBeUndefined();
  expect(f.usage()).toMatchObject({
    counted: false,
    flags: [
      { key: "old", findings: ["expired"] },
      { key: "plain", reads: 0, findings: [] },
    ],
  });
});

it.each([{ days: 0 }, { days: -1 }, { days: Number.NaN }, { days: "30" }, { dayz: 1 }, null])(
  "refuses %j",
  (options) => {
    const f = make({});
    expect(() => f.usage(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS" }),
    );
  },
);

it("is an option that is checked", () => {
  expect(() => createFlags({ usage: "yes" as never, sources: [] })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS" }),
  );
});
