import {
  type Attribution,
  type DefinitionSource,
  MemoryStore,
  type SourceContents,
  type SourceListener,
  type StoreChange,
  type StoreContents,
  type WriteResult,
} from "@halyard/core";
import { afterEach, describe, expect, it } from "vitest";
import { ControlledSource } from "../../../../test/support/controlled-source.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "./options.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions): { readonly flags: Flags; readonly logs: string[] } {
  const logs: string[] = [];
  const log = (level: string) => (message: string) => void logs.push(`${level} ${message}`);
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const flags = createFlags({ environment: "test", logger, ...options });
  opened.push(flags);
  return { flags, logs };
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { interval: 1, timeout: 5000 }).toBe(true) as Promise<void>;

/** A gate that a test opens. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** A store whose calls wait where the test wants them to. */
class GatedStore extends MemoryStore {
  beforeWrite: Promise<void> = Promise.resolve();
  beforeRead: Promise<void> = Promise.resolve();
  failReads: Error | undefined;
  writes = 0;

  override async read(): Promise<StoreContents> {
    await this.beforeRead;
    if (this.failReads !== undefined) throw this.failReads;
    return super.read();
  }

  override async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    this.writes++;
    await this.beforeWrite;
    return super.write(changes, by);
  }
}

/** A source whose reads are answered by the test, one by one. */
class AnsweredSource implements DefinitionSource {
  readonly name = "answered";
  readonly waiting: ((contents: SourceContents) => void)[] = [];
  listener: SourceListener | undefined;

  read(): Promise<SourceContents> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  watch(listener: SourceListener): () => void {
    this.listener = listener;
    return () => {};
  }

  answer(index: number, flags: object, version?: number): void {
    this.waiting[index]?.({ documents: [{ name: this.name, document: { flags } }], version });
  }
}

const needsBase = (on: boolean) => ({
  default: on,
  prerequisites: [{ flag: "base", variant: "on" }],
});

describe("a write while another source changes", () => {
  it("is checked, made and served before the change, which is then refused", async () => {
    const remote = new ControlledSource("remote", { base: true });
    const store = new GatedStore({ flags: {} }, "store");
    const { flags } = make({ sources: [remote], store });
    await flags.ready();
    const writing = gate();
    store.beforeWrite = writing.passed;
    const put = flags.definitions.put("beta", needsBase(true));
    await until(() => store.writes === 1);
    remote.give({ other: true });
    await new Promise(setImmediate);
    writing.open();
    expect((await put).key).toBe("beta");
    await until(() => flags.health().status === "degraded");
    // Without `base` the set as a whole can't serve: the write was first, so the change waits.
    expect(flags.client().all()).toEqual({ base: true, beta: true });
    expect(flags.health().provider.last_error).toMatch(/there is no flag "base"/);
    // And the store can go on being written meanwhile, also to mend it.
    await flags.definitions.put("more", true);
    expect(flags.client().enabled("more")).toBe(true);
    expect(await flags.definitions.delete("beta")).toBe(true);
    await until(() => flags.health().status === "healthy");
    expect(flags.client().all()).toEqual({ other: true, more: true });
  });

  it("is refused, and nothing written, when the change came first", async () => {
    const remote = new ControlledSource("remote", { base: true });
    const store = new GatedStore({ flags: {} }, "store");
    const { flags } = make({ sources: [remote], store });
    await flags.ready();
    const first = gate();
    store.beforeWrite = first.passed;
    const puts = [
      flags.definitions.put("unrelated", true),
      flags.definitions.put("beta", needsBase(true)),
    ];
    await until(() => store.writes === 1);
    remote.give({});
    await until(() => remote.reads === 2);
    await new Promise(setImmediate);
    first.open();
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes[0]?.status).toBe("fulfilled");
    expect(flags.client().all()).toMatchObject({ unrelated: true });
    // Whichever of the two came first, what serves is what is stored, and nothing is stuck.
    const beta = outcomes[1]?.status === "fulfilled";
    expect(store.readSync().documents[0]?.document).toMatchObject({
      flags: beta ? { unrelated: {}, beta: {} } : { unrelated: {} },
    });
    expect(flags.definitions.get("beta") !== undefined).toBe(beta);
  });

  it("succeeds while the other's reload is slow", async () => {
    const answered = new AnsweredSource();
    const store = new GatedStore({ flags: {} }, "store");
    const { flags } = make({ sources: [answered], store });
    answered.answer(0, { base: 1 });
    await flags.ready();
    answered.listener?.onChange(["answered"]);
    await until(() => answered.waiting.length === 2);
    expect((await flags.definitions.put("mine", true)).version).toBe(2);
    expect(flags.client().all()).toEqual({ base: 1, mine: true });
    answered.answer(1, { base: 2 });
    await until(() => flags.client().value("base") === 2);
    expect(flags.client().all()).toEqual({ base: 2, mine: true });
  });
});

describe("what was acknowledged", () => {
  it("serves, also when the store can't be read afterwards, and what is read then", async () => {
    const store = new GatedStore({ flags: { mine: false } }, "store");
    const { flags } = make({ store });
    store.failReads = new Error("connection reset");
    await flags.definitions.put("mine", true);
    expect(flags.client().enabled("mine")).toBe(true);
    expect(flags.health().provider.last_error).toBe("connection reset");
    store.failReads = undefined;
    await flags.definitions.put("more", true);
    expect(flags.health().status).toBe("healthy");
    expect(flags.client().all()).toEqual({ mine: true, more: true });
  });

  it("is a write that close waits for; those after it are refused", async () => {
    const store = new GatedStore({ flags: {} }, "store");
    const { flags } = make({ store });
    const writing = gate();
    store.beforeWrite = writing.passed;
    const first = flags.definitions.put("first", true);
    const second = flags.definitions.put("second", true);
    second.catch(() => {});
    await until(() => store.writes === 1);
    const closing = flags.close();
    await expect(flags.definitions.put("third", true)).rejects.toMatchObject({ code: "CLOSED" });
    writing.open();
    expect((await first).key).toBe("first");
    await expect(second).rejects.toMatchObject({ code: "CLOSED" });
    await closing;
    expect(store.writes).toBe(1);
    expect(flags.client().enabled("first")).toBe(true);
  });
});

describe("a read that is overtaken", () => {
  it("by a write is not believed: the write stays", async () => {
    const store = new GatedStore({ flags: { mine: 1 } }, "store");
    const { flags } = make({ store });
    const old = await store.read();
    let listener: SourceListener | undefined;
    const stale: DefinitionSource = Object.assign(store, {
      watch: (given: SourceListener) => {
        listener = given;
        return () => {};
      },
    });
    expect(stale.name).toBe("store");
    const { flags: other } = make({ sources: [stale] });
    await other.definitions.put("mine", 2);
    const read = store.read.bind(store);
    store.read = async () => old;
    listener?.onChange(["store"]);
    await until(() => other.health().status === "degraded");
    expect(other.health().provider.last_error).toMatch(/is at version 1 and was at 2 before/);
    expect(other.client().value("mine")).toBe(2);
    store.read = read;
    listener?.onChange(["store"]);
    await until(() => other.health().status === "healthy");
    await flags.close();
  });

  it("by an announcement is followed by another, and the last one serves", async () => {
    const answered = new AnsweredSource();
    const { flags } = make({ sources: [answered] });
    answered.listener?.onChange(["answered"]);
    answered.answer(0, { n: 1 });
    await until(() => answered.waiting.length === 2);
    answered.answer(1, { n: 2 });
    await until(() => flags.client().value("n") === 2);
    await flags.ready();
  });
});

describe("a source that fails", () => {
  it("and tells of no changes is read again by itself, and said to fail only once", async () => {
    let fails = false;
    let reads = 0;
    const remote: DefinitionSource = {
      name: "remote",
      read: async () => {
        reads++;
        if (fails) throw new Error("connection refused");
        return [{ name: "remote", document: { flags: { n: { type: "number", default: reads } } } }];
      },
    };
    const { flags, logs } = make({ sources: [remote], refreshInterval: 100 });
    await flags.ready();
    await until(() => Number(flags.client().value("n")) >= 2);
    fails = true;
    await until(() => flags.health().status === "degraded");
    const before = reads;
    await until(() => reads >= before + 1);
    fails = false;
    await until(() => flags.health().status === "healthy");
    expect(logs.filter((line) => line.startsWith("error"))).toHaveLength(1);
  }, 15_000);
});

describe("ready", () => {
  it("rejects while something is missing, and resolves once it is there", async () => {
    const remote = new ControlledSource("remote");
    const { flags } = make({ sources: [remote], startTimeout: 5 });
    await expect(flags.ready()).rejects.toMatchObject({ code: "START_TIMEOUT" });
    remote.give({ beta: true });
    await until(() => flags.health().status === "healthy");
    await flags.ready();
  });
});
