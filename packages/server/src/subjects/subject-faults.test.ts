import { MemoryStore, type Scope, type SubjectContents, type SubjectQuery } from "@halyard/core";
import { afterEach, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { Circuit } from "./circuit.ts";
import { SubjectCache } from "./subject-cache.ts";

const by = { actor: { id: "ann", type: "person" } };
const user = (id: string): Scope => ({ kind: "user", id });
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A store that works an answer out at once, and hands it over when the test lets it. */
class HeldStore extends MemoryStore {
  reads = 0;
  #waiting: (() => void)[] = [];
  held = false;

  override async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    this.reads++;
    const contents = await super.readSubject(query);
    if (this.held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return contents;
  }

  release(): void {
    this.held = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const opened: Flags[] = [];
afterEach(() => Promise.all(opened.splice(0).map((flags) => flags.close())));

function make(store: MemoryStore, subjects: FlagsOptions["subjects"] = {}): Flags {
  const flags = createFlags({ environment: "test", store, subjects, logger: silent });
  opened.push(flags);
  return flags;
}

it("an answer that comes after the deadline may be older than a write, and is read again", async () => {
  const store = new HeldStore({ flags: { beta: false } });
  const flags = make(store, { deadline: 5 });
  store.held = true;
  await flags.client({ userId: "u" }).ready();
  store.held = false;
  await flags.overrides.set("beta", user("u"), true, by);
  store.release();
  await vi.waitFor(() => expect(flags.health().cache.size).toBe(1));
  const client = flags.client({ userId: "u" });
  await client.ready();
  expect(client.enabled("beta")).toBe(true);
});

it("an answer that comes after the deadline is kept, and not waited for again", async () => {
  const store = new HeldStore({ flags: { beta: false } });
  const flags = make(store, { deadline: 5 });
  await flags.overrides.set("beta", user("u"), true, by);
  store.held = true;
  await flags.client({ userId: "u" }).ready();
  store.release();
  await vi.waitFor(() => expect(flags.health().cache.size).toBe(1));
  const client = flags.client({ userId: "u" });
  expect(client.load()).toBeUndefined();
  expect(client.enabled("beta")).toBe(true);
  expect(store.reads).toBe(1);
});

it("a store that always answers late is left alone, and that is said once", async () => {
  const logs: string[] = [];
  const logger = {
    ...silent,
    error: (m: string) => logs.push(m),
    info: (m: string) => logs.push(m),
  };
  const store = new HeldStore({ flags: { beta: false } });
  const flags = createFlags({ environment: "test", store, subjects: { deadline: 5 }, logger });
  opened.push(flags);
  for (const id of ["a", "b", "c", "d"]) {
    store.held = true;
    await flags.client({ userId: id }).ready();
    store.release();
    await vi.waitFor(() => expect(flags.health().cache.size).toBeGreaterThan(0));
  }
  expect(flags.health().status).toBe("degraded");
  expect(logs.filter((line) => /left alone|again\.$/.test(line))).toHaveLength(1);
  // Once it is in time again, the next one finds out.
  await flags.client({ userId: "e" }).ready();
  expect(flags.health().status).toBe("healthy");
});

it("calls that were under way when the circuit opened do not keep it open for longer", () => {
  let now = 0;
  const circuit = new Circuit({ now: () => now, random: () => 1, onChange: () => {} });
  for (let call = 0; call < 50; call++) circuit.failed(new Error("timed out"));
  expect(circuit.allows()).toBe(false);
  now = 1000;
  expect(circuit.allows()).toBe(true);
});

it("nobody waits beyond the deadline for a subject that changes again and again", async () => {
  const store = new HeldStore({ flags: { beta: false } });
  const cache = new SubjectCache({
    store,
    ttl: 1000,
    max: 10,
    deadline: 20,
    now: () => performance.now(),
    random: Math.random,
    onCircuit: () => {},
    onError: () => {},
  });
  const query = { scopes: ["tenant:t"], user: undefined };
  const change = { touched: [{ what: "override", key: "beta", scope: "tenant:t" }] } as const;
  const read = store.readSubject.bind(store);
  // Each answer is outdated by the time that it comes.
  store.readSubject = async (asked) => {
    const contents = await read(asked);
    await new Promise(setImmediate);
    cache.notice(change);
    return contents;
  };
  await cache.load(query);
  expect(store.reads).toBeGreaterThan(1);
  cache.close();
});

it("who never waits gets the news of a subject with one of the next reads", async () => {
  const store = new HeldStore({ flags: { beta: false } });
  const flags = make(store);
  const socket = flags.client({ userId: "u" });
  await socket.ready();
  expect(socket.enabled("beta")).toBe(false);
  await flags.overrides.set("beta", user("u"), true, by);
  await vi.waitFor(() => {
    socket.refresh();
    expect(socket.enabled("beta")).toBe(true);
  });
});

it("a notice of everything looks at each subject once, and keeps their order", async () => {
  const store = new HeldStore({ flags: {} });
  const flags = make(store, { max: 3 });
  for (const id of ["a", "b", "c"]) await flags.client({ userId: id }).ready();
  const before = store.reads;
  flags.client({ userId: "a" }).load();
  await store.write(
    [{ what: "override", flagKey: "x", layer: "user", scope: "user:z", put: { value: 1 } }],
    { ...by, at: 0 },
  );
  expect(store.reads).toBe(before);
  // `b` was used least recently, and goes first.
  await flags.client({ userId: "d" }).ready();
  flags.client({ userId: "a" }).load();
  expect(store.reads).toBe(before + 1);
});
