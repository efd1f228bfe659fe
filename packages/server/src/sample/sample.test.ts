import { afterEach, describe, expect, it } from "vitest";
import {
  type Change,
  createFlags,
  type EvaluationContext,
  type Flags,
  type FlagsOptions,
  MemoryStore,
} from "../index.ts";

const ops = { actor: { id: "ops", type: "person" } };
const instances: Flags[] = [];

afterEach(async () => {
  for (const f of instances.splice(0)) await f.close();
});

const FLAGS = {
  base: { enabled: true, percentage: 0 },
  account: { enabled: true, prerequisites: [{ flag: "base", variant: "on" }] },
  invoices: { enabled: true, prerequisites: [{ flag: "account", variant: "on" }] },
  editor: { enabled: true, rules: [{ id: "staff", when: { segment: "insiders" } }] },
  pilot: {
    enabled: true,
    rules: [{ id: "p", when: { attribute: "groups", op: "contains", values: ["pilots"] } }],
  },
  theme: { type: "string", default: "light", variants: { light: "light", dark: "dark" } },
};
const SEGMENTS = {
  staff: { attribute: "email", op: "endsWith", values: ["@acme.example"] },
  insiders: { any: [{ segment: "staff" }, { attribute: "plan", op: "eq", values: ["pro"] }] },
};

function make(options: FlagsOptions = {}): Flags {
  const store = new MemoryStore({ flags: FLAGS, segments: SEGMENTS });
  const f = createFlags({ sources: [], store, sample: true, ...options });
  instances.push(f);
  return f;
}

async function see(f: Flags, ...contexts: EvaluationContext[]): Promise<void> {
  for (const context of contexts) {
    const client = f.client(context);
    await client.ready();
    client.enabled("base");
  }
}

async function impactOf(f: Flags, ...changes: Change[]) {
  const { sample } = await f.change(changes, { dryRun: true });
  if (sample === undefined) throw new Error("There is no sample.");
  return sample;
}

const put = (key: string, definition: unknown): Change => ({
  what: "flag",
  op: "put",
  key,
  definition,
});

const OFF_TO_ON = { from: { variant: "off", value: false }, to: { variant: "on", value: true } };
const ON_TO_OFF = { from: OFF_TO_ON.to, to: OFF_TO_ON.from };

describe("what a change would do to a sample", () => {
  it("counts the flags that need the changed one, through others too", async () => {
    const f = make();
    await see(f, { targetingKey: "ann" }, { targetingKey: "ben" });
    const impact = await impactOf(f, put("base", { enabled: true }));
    expect([impact.size, impact.changed]).toEqual([2, 2]);
    expect(impact.flags.map(({ key }) => key)).toEqual(["account", "base", "invoices"]);
    for (const { transitions } of impact.flags) {
      expect(transitions).toEqual([{ ...OFF_TO_ON, count: 2 }]);
    }
  });

  it("counts the flags that name a changed segment, through others too", async () => {
    const f = make();
    await see(
      f,
      { targetingKey: "ann", email: "ann@acme.example" },
      { targetingKey: "ben", email: "ben@other.example" },
      { targetingKey: "cy", email: "cy@acme.example", plan: "pro" },
    );
    const definition = { attribute: "email", op: "endsWith", values: ["@other.example"] };
    const change: Change = { what: "segment", op: "put", key: "staff", definition };
    expect(await impactOf(f, change)).toEqual({
      size: 3,
      changed: 2,
      flags: [
        {
          key: "editor",
          changed: 2,
          transitions: [
            { ...OFF_TO_ON, count: 1 },
            { ...ON_TO_OFF, count: 1 },
          ],
        },
      ],
      unsampled: [],
    });
  });

  it("knows the overrides that stand in the way, and those that are changed", async () => {
    const f = make();
    await f.overrides.set("theme", { kind: "user", id: "ann" }, "dark", ops);
    await see(
      f,
      { targetingKey: "ann" },
      { targetingKey: "ben", tenantId: "acme" },
      { targetingKey: "anon_1", anonymous: true },
    );
    const everybody: Change = { what: "flag", op: "patch", key: "theme", patch: { default: "x" } };
    const impact = await impactOf(f, everybody);
    expect(impact.flags[0]).toMatchObject({ key: "theme", changed: 2 });
    const scope = { kind: "tenant", id: "acme" } as const;
    const tenant = { what: "override", key: "theme", scope } as const;
    const tried = await impactOf(f, { ...tenant, op: "set", value: "dark" });
    expect([tried.size, tried.changed]).toEqual([3, 1]);
    const user = { kind: "user", id: "ann" } as const;
    const gone = await impactOf(f, { what: "override", op: "delete", key: "theme", scope: user });
    expect(gone.flags[0]?.transitions).toEqual([
      {
        from: { variant: "dark", value: "dark" },
        to: { variant: "light", value: "light" },
        count: 1,
      },
    ]);
    const wide = { what: "override", key: "new", scope: { kind: "system" } } as const;
    const undefinedFlag = await impactOf(f, { ...wide, op: "set", value: 1 });
    expect(undefinedFlag.flags[0]).toEqual({
      key: "new",
      changed: 3,
      transitions: [{ from: {}, to: { variant: undefined, value: 1 }, count: 3 }],
    });
  });

  it("knows groups of the store, those that are joined and those that are left", async () => {
    const f = make();
    await f.groups.add("pilots", "ann", ops);
    await see(f, { targetingKey: "ann" }, { targetingKey: "ben" });
    const member = { what: "group", group: "pilots" } as const;
    const both = await impactOf(
      f,
      { ...member, op: "remove", user: "ann" },
      { ...member, op: "add", user: "ben" },
    );
    expect(both.flags).toEqual([
      {
        key: "pilot",
        changed: 2,
        transitions: [
          { ...OFF_TO_ON, count: 1 },
          { ...ON_TO_OFF, count: 1 },
        ],
      },
    ]);
    expect((await impactOf(f, { ...member, op: "add", user: "nobody" })).changed).toBe(0);
  });

  it("changes nothing, and takes part in no write", async () => {
    const f = make();
    await see(f, { targetingKey: "ann" });
    await impactOf(f, put("base", { enabled: true }));
    expect(f.client({ targetingKey: "ann" }).enabled("base")).toBe(false);
    expect((await f.audit.list()).items).toEqual([]);
    expect(await f.change([put("base", { enabled: true })])).not.toHaveProperty("sample");
  });

  it("says so when definitions would be refused, and tells of nobody", async () => {
    const f = make();
    await see(f, { targetingKey: "ann" });
    const report = await f.change([put("base", { percentage: 250 })], { dryRun: true });
    expect([report.problems.length, report.sample]).toEqual([1, undefined]);
  });
});

describe("what is kept", () => {
  it("never leaves: the report names nobody", async () => {
    const f = make();
    await see(f, { targetingKey: "secret-id", email: "secret@acme.example" });
    const report = await f.change([put("base", { enabled: true })], { dryRun: true });
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  it("is what definitions name; what else a change asks for is told", async () => {
    const f = make({ sample: { private: ["email"] } });
    const of = (id: string) => ({ targetingKey: id, email: `${id}@acme.example`, city: "Ulm" });
    await see(f, of("ann"));
    const rule = (attribute: string) => ({
      enabled: true,
      rules: [{ id: "r", when: { attribute, op: "exists" } }],
    });
    const city = await impactOf(f, put("base", rule("city")));
    expect([city.changed, city.unsampled]).toEqual([0, ["city"]]);
    const email = await impactOf(f, put("base", rule("email")));
    expect([email.changed, email.unsampled]).toEqual([0, ["email"]]);
  });

  it("is as much as `max`, those that were seen last, each once", async () => {
    const f = make({ sample: { max: 2 } });
    await see(f, { targetingKey: "a" }, { targetingKey: "a" }, { targetingKey: "b" });
    expect((await impactOf(f, put("base", { enabled: true }))).size).toBe(2);
    await see(
      f,
      { targetingKey: "c" },
      { targetingKey: "d" },
      {},
      { targetingKey: "x".repeat(9999) },
    );
    expect((await impactOf(f, put("base", { enabled: true }))).size).toBe(2);
  });

  it("is nothing of those that are too large", async () => {
    const f = make();
    const large = "x".repeat(5000);
    await see(f, { targetingKey: "a", plan: large }, { targetingKey: "b", plan: [large] });
    await see(f, { targetingKey: "c", plan: Array(300).fill("x") }, { targetingKey: large });
    expect((await impactOf(f, put("base", { enabled: true }))).size).toBe(0);
  });

  it.each([0, -1, 1.5, 1e6, "all"])("is refused with max %s", (max) => {
    expect(() => make({ sample: { max } as never })).toThrow(/sample.max/);
    expect(() => make({ sample: { private: ["targetingKey"] } })).toThrow(/sample.private/);
  });

  it("works without a store", async () => {
    const f = make({ store: undefined, sources: [{ flags: FLAGS, segments: SEGMENTS }] });
    await see(f, { targetingKey: "ann" });
    expect(f.client({ targetingKey: "ann" }).string("theme", "")).toBe("light");
  });
});

it("looks at fewer subjects where many flags are touched, and says at how many", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 2000 }, (_, index) => [
      `flag-${index}`,
      { enabled: true, prerequisites: [{ flag: "base", variant: "on" }] },
    ]),
  );
  const store = new MemoryStore({ flags: { ...many, base: { enabled: false } } });
  const f = make({ store });
  await see(f, ...Array.from({ length: 700 }, (_, id) => ({ targetingKey: `user-${id}` })));
  const impact = await impactOf(f, put("base", { enabled: true }));
  expect([impact.size, impact.changed, impact.flags.length]).toEqual([499, 499, 100]);
});

it("lets the event loop in while it compares many", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `flag-${index}`,
      { enabled: true, prerequisites: [{ flag: "base", variant: "on" }], percentage: 50 },
    ]),
  );
  const store = new MemoryStore({ flags: { ...many, base: { enabled: false } } });
  const f = make({ store, sample: { max: 2000 } });
  await see(f, ...Array.from({ length: 2000 }, (_, id) => ({ targetingKey: `user-${id}` })));
  let pauses = 0;
  let over = false;
  const count = (): void => {
    pauses++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const impact = await impactOf(f, put("base", { enabled: true }));
  over = true;
  expect([impact.size, impact.flags.length]).toEqual([2000, 100]);
  expect(pauses).toBeGreaterThan(3);
});
