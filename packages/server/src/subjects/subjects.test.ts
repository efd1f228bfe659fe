import { MemoryStore, type Scope, type SubjectContents, type SubjectQuery } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { Circuit } from "./circuit.ts";

const by = { actor: { id: "ann", type: "person" } };
const user = (id: string): Scope => ({ kind: "user", id });

/** A store whose reads of subjects fail, wait, or are counted. */
class FaultyStore extends MemoryStore {
  reads = 0;
  fault: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  override async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    this.reads++;
    const contents = await super.readSubject(query);
    await this.gate;
    if (this.fault !== undefined) throw this.fault;
    return contents;
  }
}

const opened: Flags[] = [];
let store: FaultyStore;
let logs: string[];
let warned: string[];

beforeEach(() => {
  store = new FaultyStore({ flags: { beta: false, other: true } });
  logs = [];
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation((_message, options) => {
    warned.push(String((options as { code?: string }).code));
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(subjects: FlagsOptions["subjects"] = {}): Flags {
  const log = (level: string) => (message: string) => void logs.push(`${level} ${message}`);
  const flags = createFlags({
    environment: "test",
    store,
    subjects,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
  });
  opened.push(flags);
  return flags;
}

async function load(flags: Flags, userId: string) {
  const client = flags.client({ userId });
  await client.ready();
  return client;
}

describe("a subject", () => {
  it("is read once, whoever asks, and not again while it is fresh", async () => {
    const flags = make();
    await Promise.all(Array.from({ length: 100 }, () => load(flags, "u")));
    await load(flags, "u");
    expect(store.reads).toBe(1);
    expect(flags.client({ userId: "u" }).load()).toBeUndefined();
    expect(flags.health().cache).toEqual({
      enabled: true,
      hit_rate: expect.closeTo(2 / 102, 5),
      size: 1,
      max_size: 10_000,
    });
  });

  it("without any identity is not read", async () => {
    const flags = make();
    expect(flags.client({ country: "NL" }).load()).toBeUndefined();
    expect(flags.client().enabled("other")).toBe(true);
    expect(store.reads).toBe(0);
  });

  it("that is no longer fresh serves while it is read again", async () => {
    const flags = make({ ttl: 0 });
    await load(flags, "u");
    const again = flags.client({ userId: "u" });
    expect(again.load()).toBeUndefined();
    expect(store.reads).toBe(2);
    expect(again.enabled("other")).toBe(true);
  });

  it("is forgotten when there are too many others", async () => {
    const flags = make({ max: 2 });
    for (const id of ["a", "b", "c"]) await load(flags, id);
    expect(flags.health().cache).toMatchObject({ size: 2, max_size: 2 });
    await load(flags, "c");
    expect(store.reads).toBe(3);
    await load(flags, "a");
    expect(store.reads).toBe(4);
  });

  it("is read again only when something of it has changed", async () => {
    const flags = make();
    await load(flags, "u");
    await load(flags, "v");
    await flags.overrides.set("beta", user("v"), true, by);
    await load(flags, "u");
    expect(store.reads).toBe(2);
    expect((await load(flags, "v")).enabled("beta")).toBe(true);
    expect(store.reads).toBe(3);
    await flags.groups.add("pilots", "u", by);
    await load(flags, "u");
    expect(store.reads).toBe(4);
  });

  it("that changes while it is read is read once more, for those who wait, too", async () => {
    const flags = make({ deadline: 5000 });
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const loading = load(flags, "u");
    await vi.waitFor(() => expect(store.reads).toBe(1));
    await flags.overrides.set("beta", user("u"), true, by);
    open();
    expect((await loading).enabled("beta")).toBe(true);
    expect(store.reads).toBe(2);
  });
});

describe("a read of a subject that is not loaded", () => {
  it("goes without overrides, and warns once; ready loads it", async () => {
    const flags = make();
    await flags.overrides.set("beta", user("u"), true, by);
    const client = flags.client({ userId: "u" });
    expect(client.enabled("beta")).toBe(false);
    expect(flags.client({ userId: "u" }).enabled("beta")).toBe(false);
    expect(warned).toEqual(["HALYARD_SUBJECT_NOT_LOADED"]);
    await client.ready();
    expect(client.enabled("beta")).toBe(true);
  });

  it("gives callers' defaults where failure is closed, but for an emergency", async () => {
    const flags = make({ failure: "closed" });
    const client = flags.client({ userId: "u" });
    expect(client.enabled("other", false)).toBe(false);
    expect(client.details("other", "mine")).toMatchObject({
      value: "mine",
      reason: "ERROR",
      errorCode: "PROVIDER_NOT_READY",
    });
    expect(client.all()).toEqual({});
    await client.ready();
    expect(client.enabled("other", false)).toBe(true);
    await flags.overrides.kill("beta", { ...by, reason: "fire", value: true });
    const killed = flags.client({ userId: "v" });
    expect(killed.enabled("beta")).toBe(true);
    expect(killed.all()).toEqual({ beta: true });
    // Who is nobody has nothing that could be missing.
    expect(flags.client().enabled("other")).toBe(true);
  });
});

describe("a store that fails", () => {
  it("is left alone after three failures, and tried again later", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const flags = make();
    store.fault = new Error("connection refused");
    for (const id of ["a", "b", "c", "d", "e"]) {
      expect((await load(flags, id)).enabled("other")).toBe(true);
    }
    expect(store.reads).toBe(3);
    expect(flags.health().status).toBe("degraded");
    expect(logs.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringMatching(/left alone for a while.*connection refused/),
    ]);
    expect(flags.client({ userId: "f" }).load()).toBeUndefined();
    vi.advanceTimersByTime(1000);
    store.fault = undefined;
    expect((await load(flags, "g")).enabled("other")).toBe(true);
    expect(store.reads).toBe(4);
    expect(flags.health().status).toBe("healthy");
    await load(flags, "h");
    expect(store.reads).toBe(5);
  });

  it("is not taken for reads that came before the subject was asked for", async () => {
    const flags = make({ max: 2 });
    store.fault = new Error("connection refused");
    expect((await load(flags, "a")).enabled("beta")).toBe(false);
    expect((await load(flags, "b")).enabled("beta")).toBe(false);
    expect(warned).toEqual([]);
    store.fault = undefined;
    expect(flags.client({ userId: "c" }).enabled("beta")).toBe(false);
    expect(warned).toEqual(["HALYARD_SUBJECT_NOT_LOADED"]);
  });

  it("that hangs is not either", async () => {
    const flags = make({ deadline: 5 });
    store.gate = new Promise(() => {});
    expect((await load(flags, "u")).enabled("beta")).toBe(false);
    expect(warned).toEqual([]);
  });

  it("serves what was known of a subject, changed since or not", async () => {
    const flags = make();
    await flags.overrides.set("beta", user("u"), true, by);
    await load(flags, "u");
    store.fault = new Error("connection refused");
    await flags.overrides.set("other", user("u"), false, by);
    const client = await load(flags, "u");
    expect(client.enabled("beta")).toBe(true);
  });

  it("holds nobody up beyond the deadline when it hangs, and is heard when it answers", async () => {
    const flags = make({ deadline: 5 });
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await flags.overrides.set("beta", user("u"), true, by);
    expect((await load(flags, "u")).enabled("beta")).toBe(false);
    open();
    await vi.waitFor(() => expect(flags.health().cache.size).toBe(1));
    const client = flags.client({ userId: "u" });
    expect(client.enabled("beta")).toBe(true);
  });

  it("leaves nothing to wait for at the end", async () => {
    const flags = make({ deadline: 50 });
    store.gate = new Promise(() => {});
    const loading = load(flags, "u");
    await vi.waitFor(() => expect(store.reads).toBe(1));
    await flags.close();
    await loading;
    expect(logs.filter((line) => line.startsWith("warn"))).toEqual([]);
  });
});

describe("a circuit", () => {
  it("opens after three failures in a row, for longer each time, with one trial between", () => {
    let now = 0;
    const told: boolean[] = [];
    const circuit = new Circuit({ now: () => now, random: () => 0, onChange: (o) => told.push(o) });
    const fail = () => circuit.failed(new Error("x"));
    fail();
    fail();
    circuit.succeeded();
    fail();
    fail();
    expect(circuit.allows()).toBe(true);
    fail();
    expect([circuit.open, circuit.allows()]).toEqual([true, false]);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const from = now;
      while (!circuit.allows()) now += 100;
      pauses.push(now - from);
      // One at a time.
      expect(circuit.allows()).toBe(false);
      fail();
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    now += 15_000;
    expect(circuit.allows()).toBe(true);
    circuit.succeeded();
    expect([circuit.open, circuit.allows(), circuit.allows()]).toEqual([false, true, true]);
    expect(told).toEqual([true, false]);
  });
});
