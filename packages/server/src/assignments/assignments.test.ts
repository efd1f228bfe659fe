import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EvaluationContext, MemoryAssignments, MemoryStore } from "@halyard/core";
import { afterEach, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";

const by = { actor: { id: "ann", type: "person" } };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

const opened: Flags[] = [];
afterEach(() => Promise.all(opened.splice(0).map((flags) => flags.close())));

function make(options: FlagsOptions): Flags {
  const flags = createFlags({ environment: "test", logger, ...options });
  opened.push(flags);
  return flags;
}

/** An experiment that goes by these weights. */
function checkout(weights: Record<string, number>, more: object = {}) {
  const names = new Set(["a", "b", "c", ...Object.keys(weights)]);
  const variants = Object.fromEntries([...names].map((name) => [name, name]));
  return { variants, fallthrough: { rollout: { weights, experiment: true } }, ...more };
}

const USERS = Array.from({ length: 200 }, (_, index) => `user-${index}`);

async function served(
  flags: Flags,
  units: readonly string[] = USERS,
  context: (unit: string) => EvaluationContext = (targetingKey) => ({ targetingKey }),
): Promise<string[]> {
  const values: string[] = [];
  for (const unit of units) {
    const client = flags.client(context(unit));
    await client.ready();
    values.push(client.string("checkout", "none"));
  }
  return values;
}

const shares = (values: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    ["a", "b", "c"].map((name) => [name, values.filter((value) => value === name).length]),
  );

it("changed weights move nobody who is assigned, and hold for everybody else", async () => {
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const plain = make({ store });
  const flags = make({ store, assignments: new MemoryAssignments() });
  const before = await served(flags);
  expect(before).toEqual(await served(plain));
  await flags.definitions.put("checkout", checkout({ a: 10, b: 10, c: 80 }), by);
  await vi.waitFor(async () => expect(await served(plain)).not.toEqual(before));
  expect(await served(flags)).toEqual(before);
  const others = USERS.map((user) => `other-${user}`);
  const after = await served(flags, others);
  expect(after).toEqual(await served(plain, others));
  expect(shares(after).c).toBeGreaterThan(shares(after).a as number);
});

it("a file that is reloaded moves nobody", async () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-assignments-"));
  const path = join(folder, "features.json");
  const write = (weights: Record<string, number>) =>
    writeFileSync(path, JSON.stringify({ flags: { checkout: checkout(weights) } }));
  write({ a: 50, b: 50 });
  const flags = make({ sources: [path], assignments: new MemoryAssignments() });
  const before = await served(flags);
  write({ a: 1, b: 99 });
  await vi.waitFor(async () => {
    const client = flags.client({ targetingKey: "newcomer" });
    expect(JSON.stringify(client.explain("checkout").steps)).toContain('"to":1000}');
  }, 10_000);
  expect(await served(flags)).toEqual(before);
  rmSync(folder, { recursive: true });
});

it("two instances with one store agree, also when they never agreed about the weights", async () => {
  const assignments = new MemoryAssignments();
  const one = make({ sources: [{ flags: { checkout: checkout({ a: 99, b: 1 }) } }], assignments });
  const two = make({ sources: [{ flags: { checkout: checkout({ a: 1, b: 99 }) } }], assignments });
  const first = await served(one);
  await vi.waitFor(() => expect(one.health().assignments?.waiting).toBe(0));
  expect(await served(two)).toEqual(first);
});

it("who was first in another process is followed from the next load on, and not before", async () => {
  const assignments = new MemoryAssignments();
  const options = { assignments, subjects: { ttl: 0 } };
  const one = make({ sources: [{ flags: { checkout: checkout({ a: 99, b: 1 }) } }], ...options });
  const two = make({ sources: [{ flags: { checkout: checkout({ a: 1, b: 99 }) } }], ...options });
  const user = { targetingKey: "user-1" };
  const [first, second] = [one.client(user), two.client(user)];
  await Promise.all([first.ready(), second.ready()]);
  expect(first.string("checkout", "")).toBe("a");
  expect(second.string("checkout", "")).toBe("b");
  await vi.waitFor(async () => {
    const [there] = await assignments.load(["user-1"]);
    expect([one.health(), two.health()].map((each) => each.assignments?.waiting)).toEqual([0, 0]);
    expect(there?.get("checkout:checkout")).toBe("a");
  });
  expect(second.string("checkout", "")).toBe("b");
  expect(await served(two, ["user-1"])).toEqual(["a"]);
  second.refresh();
  expect(second.string("checkout", "")).toBe("a");
});

it("a variant that is gone is assigned anew, and that is kept; one of weight 0 stays", async () => {
  const assignments = new MemoryAssignments();
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 30, b: 30, old: 40 }) } });
  const flags = make({ store, assignments, subjects: { ttl: 0 } });
  const before = await served(flags);
  await flags.definitions.put("checkout", checkout({ a: 50, b: 0, c: 50 }), by);
  const during = await served(flags);
  expect(during.map((value, index) => value === before[index])).toEqual(
    before.map((value) => value !== "old"),
  );
  await flags.definitions.put("checkout", checkout({ b: 99, c: 1 }), by);
  expect(await served(flags)).toEqual(during);
  await flags.close();
  const stored = await assignments.load(USERS);
  expect(stored.map((each) => each.get("checkout:checkout"))).toEqual(during);
});

it("where no bucket decides, no assignment does: a winner gets everybody, and nobody is nobody", async () => {
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const flags = make({ store, assignments: new MemoryAssignments() });
  const before = await served(flags);
  await flags.definitions.put("checkout", checkout({ b: 100 }), by);
  expect(new Set(await served(flags))).toEqual(new Set(["b"]));
  await flags.definitions.put("checkout", checkout({ a: 0, b: 0 }, { default: "c" }), by);
  expect(new Set(await served(flags))).toEqual(new Set(["c"]));
  await flags.definitions.put("checkout", checkout({ a: 1, b: 99 }), by);
  expect(await served(flags)).toEqual(before);
});

it("another salt is another experiment", async () => {
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const flags = make({ store, assignments: new MemoryAssignments() });
  const before = await served(flags);
  const rollout = { weights: { a: 50, b: 50 }, experiment: true, salt: "again" };
  await flags.definitions.put("checkout", checkout({}, { fallthrough: { rollout } }), by);
  expect(await served(flags)).not.toEqual(before);
});

it("switched off, overridden and killed, a flag serves what it would without", async () => {
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const flags = make({ store, assignments: new MemoryAssignments() });
  const before = await served(flags, ["user-1"]);
  await flags.overrides.set("checkout", { kind: "user", id: "user-1" }, "c", by);
  expect(await served(flags, ["user-1"])).toEqual(["c"]);
  await flags.overrides.delete("checkout", { kind: "user", id: "user-1" }, by);
  expect(await served(flags, ["user-1"])).toEqual(before);
  await flags.overrides.kill("checkout", { ...by, reason: "it burns", value: "c" });
  expect(await served(flags, ["user-1"])).toEqual(["c"]);
  await flags.overrides.restore("checkout", by);
  const off = checkout({ a: 50, b: 50 }, { enabled: false, off: "c" });
  await flags.definitions.put("checkout", off, by);
  expect(await served(flags, ["user-1"])).toEqual(["c"]);
});

it("raising a percentage only adds, and lowering it puts nobody out", async () => {
  const weights = (each: number) => checkout({ a: each, b: each }, { default: "c" });
  const store = new MemoryStore({ flags: { checkout: weights(10) } });
  const flags = make({ store, assignments: new MemoryAssignments() });
  let before = await served(flags);
  for (const each of [20, 40, 5, 45]) {
    await flags.definitions.put("checkout", weights(each), by);
    const after = await served(flags);
    for (const [index, value] of before.entries()) {
      if (value !== "c") expect(after[index]).toBe(value);
    }
    before = after;
  }
  expect(shares(before).c).toBeLessThan(50);
});

it("only experiments are kept, by flag and by their unit; a visitor is one, too", async () => {
  const assignments = new MemoryAssignments();
  const rollout = (experiment: boolean) => ({
    by: "orgId",
    weights: { off: 50, on: 50 },
    salt: "shared",
    experiment,
  });
  const bool = (experiment: boolean) => ({
    type: "boolean",
    fallthrough: { rollout: rollout(experiment) },
  });
  const flags = make({
    sources: [
      {
        flags: {
          checkout: checkout({ a: 50, b: 50 }),
          same: checkout(
            { b: 50, c: 50 },
            {
              rules: [
                {
                  id: "r",
                  when: [],
                  rollout: { weights: { c: 50, b: 50 }, salt: "checkout", experiment: true },
                },
              ],
            },
          ),
          plain: bool(false),
          org: bool(true),
        },
      },
    ],
    assignments,
  });
  const visitor = { targetingKey: "anon_1", anonymous: true, orgId: 7 };
  const client = flags.client(visitor);
  await client.ready();
  const all = client.all() as Record<string, unknown>;
  await flags.close();
  const [byKey, byOrg] = await assignments.load(["anon_1", "7"]);
  expect(Object.fromEntries(byKey ?? [])).toEqual({
    "checkout:checkout": all.checkout,
    "same:checkout": all.same,
  });
  expect(Object.fromEntries(byOrg ?? [])).toEqual({ "org:shared": all.org ? "on" : "off" });
});

it("explains what came from an assignment, and assigns nobody by explaining", async () => {
  const assignments = new MemoryAssignments();
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const flags = make({ store, assignments });
  const plain = await served(make({ store }));
  const client = flags.client({ targetingKey: USERS[plain.indexOf("b")] });
  await client.ready();
  expect(client.explain("checkout").steps[0]).toMatchObject({ serve: { variant: "b" } });
  expect(JSON.stringify(client.explain("checkout"))).not.toContain("assigned");
  expect(flags.health().assignments?.waiting).toBe(0);
  const details = client.details("checkout");
  expect(details).toMatchObject({ value: "b", reason: "SPLIT", inExperiment: true });
  await flags.definitions.put("checkout", checkout({ a: 99, b: 1 }), by);
  client.refresh();
  expect(client.details("checkout")).toMatchObject({
    value: "b",
    reason: "SPLIT",
    inExperiment: true,
  });
  expect(client.explain("checkout")).toMatchObject({
    details: { value: "b" },
    steps: [
      { outcome: "served", serve: { bucket: expect.any(Number), assigned: "b", variant: "b" } },
    ],
  });
  await flags.definitions.put(
    "checkout",
    { ...checkout({ a: 99, c: 1 }), variants: { a: "a", c: "c" } },
    by,
  );
  client.refresh();
  expect(client.explain("checkout").steps[0]).toMatchObject({
    serve: { assigned: "b", variant: "a" },
  });
});

it("tries changes out on whom it serves, assigning nobody", async () => {
  const store = new MemoryStore({ flags: { checkout: checkout({ a: 50, b: 50 }) } });
  const assignments = new MemoryAssignments();
  const flags = make({ store, assignments, sample: true });
  await served(flags, USERS.slice(0, 20));
  for (const user of USERS.slice(20, 40)) {
    const client = flags.client({ targetingKey: user });
    await client.ready();
    client.enabled("missing");
  }
  await vi.waitFor(() => expect(flags.health().assignments?.waiting).toBe(0));
  const definition = checkout({ a: 1, b: 1, c: 98 });
  const change = { what: "flag", op: "put", key: "checkout", definition } as const;
  const { sample } = await flags.change([change], { dryRun: true });
  expect(sample).toMatchObject({ size: 40 });
  // Those who are assigned stay; of the others nearly all would get another value.
  expect(sample?.changed).toBeLessThanOrEqual(20);
  expect(sample?.changed).toBeGreaterThan(10);
  expect(flags.health().assignments?.waiting).toBe(0);
  expect(assignments.size).toBe(20);
});

it("hands out the same object for the same outcome, assigned or not", async () => {
  const flags = make({
    sources: [{ flags: { checkout: checkout({ a: 50, b: 50 }) } }],
    assignments: new MemoryAssignments(),
  });
  const client = flags.client({ targetingKey: "user-1" });
  await client.ready();
  expect(client.details("checkout")).toBe(client.details("checkout"));
});

it("checks the option", () => {
  for (const assignments of [
    true,
    {},
    { name: "x", load() {} },
    { name: "", load() {}, assign() {} },
  ]) {
    expect(() => createFlags({ sources: [], assignments: assignments as never })).toThrow(
      /"assignments" must be a store of assignments, such as new MemoryAssignments\(\)/,
    );
  }
  expect(() => new MemoryAssignments({ max: 0 })).toThrow(/`max` must be a whole number from 1/);
});
