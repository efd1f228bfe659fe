import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Change,
  createFlags,
  type Flags,
  type FlagsOptions,
  HalyardError,
  MemoryStore,
  type Proposal,
  type Store,
} from "../index.ts";

const ann = { actor: { id: "ann", type: "person" }, reason: "the launch" };
const ben = { actor: { id: "ben", type: "person" } };
const cleo = { actor: { id: "cleo", type: "person" } };

const NOON = Date.UTC(2027, 0, 1, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const instances: Flags[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: NOON, toFake: ["Date", "setTimeout", "clearTimeout"] });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const f of instances.splice(0)) await f.close();
});

/** Keeps a store from being closed with an instance: others use it. */
function shared(store: MemoryStore): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "close") return async () => {};
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function make(store: Store = new MemoryStore(), options: FlagsOptions = {}): Promise<Flags> {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const f = createFlags({ sources: [], store, review: {}, logger, ...options });
  instances.push(f);
  await f.ready();
  await vi.advanceTimersByTimeAsync(1);
  return f;
}

const put = (key: string, more: object = {}): Change => {
  return { what: "flag", op: "put", key, definition: { enabled: true, ...more } };
};

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.fail("It resolved."),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HalyardError);
  return (error as HalyardError).code;
}

/** Lets timers and whatever they begin go on for a while. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

const enabled = (f: Flags, key: string): boolean => f.client().enabled(key as never);

describe("a proposal", () => {
  it("changes nothing until somebody else approves it", async () => {
    const f = await make();
    const made = await f.proposals.propose([put("a"), put("b")], ann);
    expect(made).toMatchObject({ status: "open", needed: 1, reason: "the launch" });
    expect(made.changes.map((change) => "ifVersion" in change && change.ifVersion)).toEqual([0, 0]);
    expect(enabled(f, "a")).toBe(false);
    expect(await codeOf(f.proposals.approve(made.id, ann))).toBe("OWN_PROPOSAL");
    const twin = { actor: { id: "ann", type: "service", name: "Another" } };
    expect(await codeOf(f.proposals.approve(made.id, twin))).toBe("OWN_PROPOSAL");
    expect(enabled(f, "a")).toBe(false);
    const done = await f.proposals.approve(made.id, ben);
    expect([done.status, done.closed?.actor.id]).toEqual(["applied", "ben"]);
    expect([enabled(f, "a"), enabled(f, "b")]).toEqual([true, true]);
    expect(await codeOf(f.proposals.approve(made.id, cleo))).toBe("PROPOSAL_CLOSED");
  });

  it("needs as many approvals as the option says, each of another person", async () => {
    const f = await make(undefined, { review: { approvals: 2 } });
    const { id } = await f.proposals.propose([put("a")], ann);
    expect((await f.proposals.approve(id, ben)).approvals).toHaveLength(1);
    expect(await codeOf(f.proposals.approve(id, ben))).toBe("PROPOSAL_CLOSED");
    expect(enabled(f, "a")).toBe(false);
    expect((await f.proposals.approve(id, cleo)).status).toBe("applied");
  });

  it("is checked when it is made", async () => {
    const f = await make();
    await f.definitions.put("a", { enabled: true });
    const wrong: readonly [unknown, string][] = [
      [[put("x", { percentage: 250 })], "INVALID_DEFINITIONS"],
      [[{ ...put("a"), ifVersion: 99 }], "VERSION_CONFLICT"],
      [[{ what: "flag", op: "patch", key: "nope", patch: {} }], "FLAG_NOT_FOUND"],
      [[put("!")], "INVALID_KEY"],
      [[], "INVALID_OPTIONS"],
      ["all", "INVALID_OPTIONS"],
      [[put("x", { metadata: { note: "x".repeat(300_000) } })], "INVALID_OPTIONS"],
    ];
    for (const [changes, code] of wrong) {
      expect(await codeOf(f.proposals.propose(changes as Change[], ann))).toBe(code);
    }
    expect(await codeOf(f.proposals.propose([put("x")], {} as never))).toBe("INVALID_ACTOR");
    expect((await f.proposals.list()).items).toEqual([]);
  });

  it("fails when what it is for has changed since, and says so", async () => {
    const f = await make();
    await f.definitions.put("a", { enabled: false });
    const scope = { kind: "tenant", id: "acme" } as const;
    const override = { what: "override", op: "set", key: "b", scope, value: true } as const;
    const flag = await f.proposals.propose([put("b"), put("a")], ann);
    const other = await f.proposals.propose([override], ann);
    await f.definitions.patch("a", { description: "changed" });
    await f.overrides.set("b" as never, scope, false as never, cleo);
    for (const { id } of [flag, other]) {
      expect(await codeOf(f.proposals.approve(id, ben))).toBe("VERSION_CONFLICT");
      const failed = await f.proposals.get(id);
      expect([failed.status, failed.failure?.code]).toEqual(["failed", "VERSION_CONFLICT"]);
      expect(failed.approvals).toMatchObject([{ actor: { id: "ben" } }]);
      expect(await codeOf(f.proposals.approve(id, ben))).toBe("PROPOSAL_CLOSED");
    }
    // All or nothing.
    expect(f.definitions.get("b")).toBeUndefined();
    const { items } = await f.audit.list({ what: "proposal", key: flag.id });
    expect(items[0]).toMatchObject({ actor: { id: "ben" }, after: { status: "failed" } });
  });

  it("is rejected, cancelled, or moved by who has seen it as it is", async () => {
    const f = await make();
    const one = await f.proposals.propose([put("a")], ann);
    const moved = await f.proposals.schedule(one.id, NOON + DAY, {
      ...ann,
      ifVersion: one.version,
    });
    expect(moved.scheduledFor).toBe(NOON + DAY);
    const stale = { ...ben, ifVersion: one.version };
    for (const step of ["approve", "reject", "cancel"] as const) {
      expect(await codeOf(f.proposals[step](one.id, stale))).toBe("VERSION_CONFLICT");
    }
    expect((await f.proposals.reject(one.id, ben)).status).toBe("rejected");
    const two = await f.proposals.propose([put("a")], ann);
    expect((await f.proposals.cancel(two.id, ann)).status).toBe("cancelled");
    for (const { id } of [one, two]) {
      expect(await codeOf(f.proposals.approve(id, cleo))).toBe("PROPOSAL_CLOSED");
      expect(await codeOf(f.proposals.schedule(id, null, ann))).toBe("PROPOSAL_CLOSED");
    }
    expect(await codeOf(f.proposals.get("nope"))).toBe("PROPOSAL_NOT_FOUND");
    expect(await codeOf(f.proposals.get("\0"))).toBe("PROPOSAL_NOT_FOUND");
    expect(enabled(f, "a")).toBe(false);
  });

  it("expires, which is written down", async () => {
    const f = await make(undefined, { review: { expiresIn: 10 * MINUTE } });
    const { id } = await f.proposals.propose([put("a")], ann);
    await pass(10 * MINUTE + 1000);
    expect(await f.proposals.get(id)).toMatchObject({
      status: "expired",
      closed: { actor: { id: "halyard" } },
    });
    expect(await codeOf(f.proposals.approve(id, ben))).toBe("PROPOSAL_CLOSED");
  });
});

describe("several processes", () => {
  it("of two last approvals at once, one makes the changes, and nothing has failed", async () => {
    const memory = new MemoryStore();
    const [f, g] = [await make(shared(memory)), await make(shared(memory))];
    const { id } = await f.proposals.propose([put("a")], ann);
    const [one, other] = await Promise.allSettled([
      f.proposals.approve(id, ben),
      g.proposals.approve(id, cleo),
    ]);
    expect([one.status, other.status].toSorted()).toEqual(["fulfilled", "rejected"]);
    expect((await f.proposals.get(id)).status).toBe("applied");
    expect((await f.audit.list({ what: "flag" })).items).toHaveLength(1);
  });

  it("one that is behind lets nothing fail that others could make", async () => {
    const memory = new MemoryStore();
    const deaf = new Proxy(shared(memory), {
      get: (target, name) => (name === "watch" ? () => () => {} : Reflect.get(target, name)),
    });
    const [f, g] = [await make(shared(memory)), await make(deaf)];
    await f.definitions.put("a", { enabled: false });
    const patch: Change = { what: "flag", op: "patch", key: "a", patch: { enabled: true } };
    const { id } = await f.proposals.propose([patch], ann);
    expect(await codeOf(g.proposals.approve(id, ben))).toBe("FLAG_NOT_FOUND");
    expect((await f.proposals.get(id)).status).toBe("open");
    expect((await f.proposals.approve(id, ben)).status).toBe("applied");
  });
});

it("a change of an override that has expired is for none, whoever sets one meanwhile", async () => {
  const f = await make();
  await f.definitions.put("a", { enabled: false });
  const scope = { kind: "tenant", id: "acme" } as const;
  await f.overrides.set("a" as never, scope, true as never, { ...ann, expiresIn: MINUTE });
  const change = { what: "override", op: "set", key: "a", scope, value: false } as const;
  await pass(MINUTE);
  const [late, good] = [
    await f.proposals.propose([change], ann),
    await f.proposals.propose([change], ann),
  ];
  expect((await f.audit.list({ what: "override" })).items[0]?.action).toBe("expired");
  expect((await f.proposals.approve(good.id, ben)).status).toBe("applied");
  expect(await codeOf(f.proposals.approve(late.id, ben))).toBe("VERSION_CONFLICT");
});

describe("proposals", () => {
  it("are bounded in number, and old ones go", async () => {
    const f = await make(undefined, { review: { max: 2 } });
    await f.proposals.propose([put("a")], ann);
    const { id } = await f.proposals.propose([put("b")], ann);
    expect(await codeOf(f.proposals.propose([put("c")], ann))).toBe("TOO_MANY_PROPOSALS");
    await f.proposals.cancel(id, ann);
    for (let count = 0; count < 220; count++) {
      const next = await f.proposals.propose([put("c")], ann);
      await f.proposals.cancel(next.id, ann);
    }
    const all: Proposal[] = [];
    let cursor: string | undefined;
    do {
      const page = await f.proposals.list({ limit: 70, cursor });
      all.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(all.length).toBeLessThan(205);
    expect(all.filter(({ status }) => status === "open")).toHaveLength(1);
    expect(new Set(all.map((one) => one.id)).size).toBe(all.length);
  });

  it("are listed newest first, by any filter", async () => {
    const f = await make();
    const ids: string[] = [];
    for (const by of [ann, ben, ann]) {
      ids.unshift((await f.proposals.propose([put(`flag-${ids.length}`)], by)).id);
      await pass(10);
    }
    const listed = async (query: object) =>
      (await f.proposals.list(query)).items.map((one) => one.id);
    expect(await listed({})).toEqual(ids);
    expect(await listed({ proposedBy: "ben" })).toEqual([ids[1]]);
    expect(await listed({ key: "flag-0" })).toEqual([ids[2]]);
    expect(await listed({ status: "applied" })).toEqual([]);
    const first = await f.proposals.list({ limit: 1, proposedBy: "ann" });
    expect(await listed({ cursor: first.cursor, proposedBy: "ann" })).toEqual([ids[2]]);
    expect(await codeOf(f.proposals.list({ cursor: "x" }))).toBe("INVALID_OPTIONS");
    expect(await codeOf(f.proposals.list({ limit: 0 }))).toBe("INVALID_OPTIONS");
  });

  it("are off until somebody wants them, and need a store", async () => {
    const f = await make(undefined, { review: undefined });
    expect(await codeOf(f.proposals.propose([put("a")], ann))).toBe("REVIEW_OFF");
    expect(await codeOf(f.proposals.list())).toBe("REVIEW_OFF");
    expect(() => createFlags({ sources: [], review: {} })).toThrow(/store/);
    for (const review of [{ approvals: 0 }, { max: 0 }, { expiresIn: 1 }, { freezes: [{}] }, 1]) {
      const options = { sources: [], store: new MemoryStore(), review: review as never };
      expect(() => createFlags(options)).toThrow(/review/);
    }
  });
});

describe("a scheduled change", () => {
  it("is made when its time has come, and not before", async () => {
    const f = await make();
    const at = new Date(NOON + 10 * MINUTE);
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor: at });
    expect((await f.proposals.approve(id, ben)).status).toBe("scheduled");
    await pass(10 * MINUTE - 1);
    expect(enabled(f, "a")).toBe(false);
    await pass(1000);
    expect(enabled(f, "a")).toBe(true);
    const done = await f.proposals.get(id);
    expect([done.status, done.closed?.actor.id]).toEqual(["applied", "halyard"]);
    expect(done.closed?.at).toBeLessThanOrEqual(NOON + 10 * MINUTE + 1000);
  });

  it("is not made without approval, nor when it was taken back", async () => {
    const f = await make();
    const by = { ...ann, scheduledFor: NOON + 10 * MINUTE };
    await f.proposals.propose([put("a")], by);
    const gone = await f.proposals.propose([put("b")], by);
    await f.proposals.approve(gone.id, ben);
    await f.proposals.cancel(gone.id, ann);
    const moved = await f.proposals.propose([put("c")], by);
    await f.proposals.approve(moved.id, ben);
    // What was approved was another time.
    expect((await f.proposals.schedule(moved.id, NOON + 5 * MINUTE, ann)).status).toBe("open");
    await pass(60 * MINUTE);
    expect(["a", "b", "c"].map((key) => enabled(f, key))).toEqual([false, false, false]);
  });

  it("is not approved by who chose its time", async () => {
    const f = await make(undefined, { review: { approvals: 2 } });
    const by = { ...ann, scheduledFor: NOON + DAY };
    const { id } = await f.proposals.propose([put("a")], by);
    expect((await f.proposals.schedule(id, null, ben)).scheduledBy?.id).toBe("ben");
    const twin = { actor: { id: "ben", type: "service" } };
    for (const one of [ann, ben, twin]) {
      expect(await codeOf(f.proposals.approve(id, one))).toBe("OWN_PROPOSAL");
    }
    // Once somebody else says the same, it is theirs.
    expect((await f.proposals.schedule(id, null, ann)).scheduledBy?.id).toBe("ann");
    await f.proposals.approve(id, ben);
    expect((await f.proposals.approve(id, cleo)).status).toBe("applied");
  });

  it("is made by one of ten processes, whoever is first", async () => {
    const memory = new MemoryStore();
    const processes: Flags[] = [];
    for (let count = 0; count < 10; count++) processes.push(await make(shared(memory)));
    const [first, second] = processes as [Flags, Flags];
    const scheduledFor = NOON + 10 * MINUTE;
    const { id } = await first.proposals.propose([put("a")], { ...ann, scheduledFor });
    await second.proposals.approve(id, ben);
    await pass(11 * MINUTE);
    expect(processes.map((f) => enabled(f, "a"))).toEqual(Array(10).fill(true));
    const flags = await first.audit.list({ what: "flag" });
    expect(flags.items.map(({ action, actor }) => [action, actor.id])).toEqual([
      ["created", "halyard"],
    ]);
    const steps = await first.audit.list({ what: "proposal" });
    expect(steps.items).toHaveLength(3);
  });

  it("is made after a restart, also when its time has passed", async () => {
    const memory = new MemoryStore();
    const f = await make(shared(memory));
    const scheduledFor = NOON + 10 * MINUTE;
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor });
    await f.proposals.approve(id, ben);
    await f.close();
    vi.setSystemTime(NOON + 20 * MINUTE);
    const again = await make(shared(memory));
    await pass(1000);
    expect(enabled(again, "a")).toBe(true);
  });

  it("is not made a day late", async () => {
    const memory = new MemoryStore();
    const f = await make(shared(memory));
    const scheduledFor = NOON + 10 * MINUTE;
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor });
    await f.proposals.approve(id, ben);
    await f.close();
    vi.setSystemTime(NOON + 2 * DAY);
    const again = await make(shared(memory));
    await pass(2000);
    expect(enabled(again, "a")).toBe(false);
    expect(await again.proposals.get(id)).toMatchObject({ status: "expired" });
  });

  it("fails when it can't be made, which is written down and audited", async () => {
    const f = await make();
    await f.definitions.put("a", { enabled: false });
    const scheduledFor = NOON + 10 * MINUTE;
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor });
    await f.proposals.approve(id, ben);
    await f.definitions.patch("a", { description: "changed" });
    await pass(11 * MINUTE);
    const failed = await f.proposals.get(id);
    expect(failed).toMatchObject({ status: "failed", failure: { code: "VERSION_CONFLICT" } });
    const { items } = await f.audit.list({ what: "proposal", key: id });
    expect(items[0]).toMatchObject({ actor: { id: "halyard" }, after: { status: "failed" } });
    await pass(60 * MINUTE);
    expect((await f.audit.list({ what: "proposal", key: id })).items).toHaveLength(items.length);
  });

  it("is tried again while the store takes no writes", async () => {
    const memory = new MemoryStore();
    let isDown = false;
    const store = new Proxy(shared(memory), {
      get: (target, name) => {
        if (name === "write" && isDown) return () => Promise.reject(new Error("no disk"));
        return Reflect.get(target, name);
      },
    });
    const f = await make(store);
    const scheduledFor = NOON + 10 * MINUTE;
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor });
    await f.proposals.approve(id, ben);
    isDown = true;
    await pass(12 * MINUTE);
    expect((await f.proposals.get(id)).status).toBe("scheduled");
    isDown = false;
    await pass(MINUTE);
    expect(enabled(f, "a")).toBe(true);
  });

  it("can't be for a time that has passed, or that never comes", async () => {
    const f = await make();
    for (const scheduledFor of [NOON, NOON - 1, NOON + 400 * DAY, "soon", Number.NaN]) {
      expect(await codeOf(f.proposals.propose([put("a")], { ...ann, scheduledFor }))).toBe(
        "INVALID_OPTIONS",
      );
    }
  });
});

describe("a freeze", () => {
  const freezes = [{ from: "Fri 16:00", to: "Mon 08:00", name: "weekend" }];

  it("keeps what is approved from being made, and no time can be in it", async () => {
    const f = await make(undefined, { review: { freezes } });
    const { id } = await f.proposals.propose([put("a")], ann);
    const scheduledFor = NOON + DAY;
    const inside = f.proposals.propose([put("b")], { ...ann, scheduledFor });
    expect(await codeOf(inside)).toBe("CHANGES_FROZEN");
    await pass(6 * 60 * MINUTE);
    await expect(f.proposals.approve(id, ben)).rejects.toThrow(/weekend.*2027-01-04T08:00/);
    expect((await f.proposals.get(id)).approvals).toEqual([]);
    await f.proposals.schedule(id, NOON + 3 * DAY, ann);
    expect((await f.proposals.approve(id, ben)).status).toBe("scheduled");
    await pass(3 * DAY);
    expect(enabled(f, "a")).toBe(true);
  });

  it("that came after a time was chosen makes the change fail", async () => {
    const memory = new MemoryStore();
    const f = await make(shared(memory));
    const { id } = await f.proposals.propose([put("a")], { ...ann, scheduledFor: NOON + DAY });
    await f.proposals.approve(id, ben);
    await f.close();
    const frozen = await make(shared(memory), { review: { freezes } });
    await pass(DAY + 1000);
    const failed = await frozen.proposals.get(id);
    expect(failed).toMatchObject({ status: "failed", failure: { code: "CHANGES_FROZEN" } });
    expect(enabled(frozen, "a")).toBe(false);
  });
});
