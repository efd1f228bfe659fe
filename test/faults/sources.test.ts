import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import type {
  DefinitionDocument,
  DefinitionSource,
  SourceListener,
} from "../../packages/core/src/index.ts";
import { MemoryStore } from "../../packages/core/src/index.ts";
import { createFlags } from "../../packages/server/src/index.ts";
import { ControlledSource } from "../support/controlled-source.ts";
import { make, statusOf, until } from "./support/instance.ts";

const documents = (name: string, flags: object): readonly DefinitionDocument[] => [
  { name, document: { flags } },
];

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Gives one answer at start, and hangs from then on until it is let go. */
class HangingSource implements DefinitionSource {
  readonly name: string;
  reads = 0;
  waiting: { give: (flags: object) => void; fail: (error: Error) => void }[] = [];
  #listener: SourceListener | undefined;

  constructor(name: string) {
    this.name = name;
  }

  readonly readSync = (): readonly DefinitionDocument[] => documents(this.name, { [this.name]: 0 });

  read(): Promise<readonly DefinitionDocument[]> {
    this.reads++;
    return new Promise((resolve, reject) => {
      const give = (flags: object) => resolve(documents(this.name, flags));
      this.waiting.push({ give, fail: reject });
    });
  }

  watch(listener: SourceListener): () => void {
    this.#listener = listener;
    return () => {};
  }

  announce(): void {
    this.#listener?.onChange([this.name]);
  }
}

describe("a source that hangs", () => {
  it("does not keep an instance from closing", async () => {
    const source = new HangingSource("slow");
    const { flags } = make({ sources: [source] });
    source.announce();
    await until(() => source.reads === 1);
    await flags.close();
    expect(flags.client().value("slow", -1)).toBe(0);
    // What comes after the end changes nothing.
    source.waiting[0]?.give({ slow: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(flags.client().value("slow", -1)).toBe(0);
  });

  it("is given up after a while, so that the others go on, and heard when it answers", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const slow = new HangingSource("slow");
      const memory = new MemoryStore({ flags: { other: 0 } });
      const { flags } = make({ sources: [slow, memory] });
      slow.announce();
      const put = flags.definitions.put("other", { type: "number", default: 1 });
      await vi.advanceTimersByTimeAsync(60_000);
      expect((await put).definition.default).toBe(1);
      expect(flags.client().value("other", -1)).toBe(1);
      expect(statusOf(flags)).toBe("degraded");
      expect(flags.health().provider.last_error).toMatch(/slow did not answer within/);
      // However often it is announced: a read for each that was given up.
      for (let count = 0; count < 100; count++) slow.announce();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(slow.reads).toBeGreaterThan(2);
      expect(slow.reads).toBeLessThanOrEqual(13);
      slow.waiting[0]?.give({ slow: 7 });
      await vi.advanceTimersByTimeAsync(1);
      expect(flags.client().value("slow", -1)).toBe(7);
      slow.waiting.at(-1)?.give({ slow: 8 });
      await vi.advanceTimersByTimeAsync(1);
      expect(flags.client().value("slow", -1)).toBe(8);
      expect(statusOf(flags)).toBe("healthy");
      slow.waiting[1]?.give({ slow: 9 });
      slow.waiting[2]?.fail(new Error("refused at last"));
      await vi.advanceTimersByTimeAsync(1);
      expect(flags.client().value("slow", -1)).toBe(8);
      expect(statusOf(flags)).toBe("healthy");
    } finally {
      vi.useRealTimers();
    }
  });
});

const GARBAGE: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a string", "flags"],
  ["a document that is in no list", { name: "x", document: { flags: {} } }],
  ["a list of nothing", [undefined]],
  ["a list of numbers", [1]],
  ["a function", () => []],
];

describe("a source that gives garbage", () => {
  it.each(GARBAGE)(
    "%s: the last good definitions serve, until it gives others",
    async (_, given) => {
      let answer: unknown = documents("odd", { f: 1 });
      let listener: SourceListener | undefined;
      const source: DefinitionSource = {
        name: "odd",
        read: async () => answer as readonly DefinitionDocument[],
        watch: (given) => {
          listener = given;
          return () => {};
        },
      };
      const memory = new MemoryStore({ flags: { other: 0 } });
      const { flags } = make({ sources: [source, memory] });
      await flags.ready();
      answer = given;
      listener?.onChange(["odd"]);
      await until(() => statusOf(flags) === "degraded");
      expect(flags.health().provider.last_error).toMatch(/^odd gave no list of documents/);
      expect(flags.client().value("f", -1)).toBe(1);
      // The others are not held up by it, and say nothing of it.
      await flags.definitions.put("other", { type: "number", default: 1 });
      expect(flags.client().value("other", -1)).toBe(1);
      answer = documents("odd", { f: 2 });
      listener?.onChange(["odd"]);
      await until(() => flags.client().value("f", -1) === 2);
      expect(statusOf(flags)).toBe("healthy");
    },
  );

  it.each(GARBAGE)("%s, at start: says so", async (_, given) => {
    const read = () => given as readonly DefinitionDocument[];
    const wanted = { code: "SOURCE_READ_FAILED", message: expect.stringMatching(/^odd gave no/) };
    const source = { name: "odd", readSync: read, read: async () => read() };
    expect(() => createFlags({ sources: [source] })).toThrow(expect.objectContaining(wanted));
    const { flags } = make({ sources: [{ name: "odd", read: async () => read() }] });
    await expect(flags.ready()).rejects.toMatchObject(wanted);
    expect(statusOf(flags)).toBe("unhealthy");
  });

  it("a read that throws instead of rejecting is a read that failed", async () => {
    const source: DefinitionSource = {
      name: "odd",
      read: () => {
        throw new Error("thrown");
      },
    };
    const { flags } = make({ sources: [source, new ControlledSource("good", { f: true })] });
    await expect(flags.ready()).rejects.toThrow("thrown");
    expect(flags.client().enabled("f")).toBe(true);
  });

  it("a document whose properties throw is refused, whole", async () => {
    const trap = new Proxy({}, { ownKeys: () => fail() });
    const fail = (): never => {
      throw new Error("not yours");
    };
    const source = new ControlledSource("odd", { f: 1 });
    const { flags } = make({ sources: [source] });
    await flags.ready();
    source.give({ f: 2, g: trap });
    await until(() => statusOf(flags) === "degraded");
    expect(flags.client().all()).toEqual({ f: 1 });
    source.give({ f: 3 });
    await until(() => statusOf(flags) === "healthy");
    expect(flags.client().all()).toEqual({ f: 3 });
  });
});

describe("a source whose watching fails", () => {
  const unwatchable: DefinitionSource = {
    name: "odd",
    readSync: () => documents("odd", { f: 1 }),
    read: async () => documents("odd", { f: 1 }),
    watch: () => {
      throw new Error("no more watches");
    },
  };

  it("serves what it gave, degraded, and the others are watched", async () => {
    const good = new ControlledSource("good", { g: 1 });
    const { flags } = make({ sources: [unwatchable, good] });
    await flags.ready();
    expect(flags.client().all()).toEqual({ f: 1, g: 1 });
    expect(flags.health().provider.last_error).toBe("no more watches");
    good.give({ g: 2 });
    await until(() => flags.client().value("g", -1) === 2);
  });

  it("in its end: the others are ended all the same, and close succeeds", async () => {
    const good = new ControlledSource("good", { g: 1 });
    const watch = () => () => {
      throw new Error("can't stop");
    };
    const reject = () => async () => {
      throw new Error("can't stop either");
    };
    const sources = [
      { ...unwatchable, watch },
      { ...unwatchable, name: "odder", watch: reject },
      good,
    ];
    const { flags, logs } = make({ sources });
    await flags.ready();
    await flags.close();
    expect(good.watchers).toBe(0);
    expect(logs.filter((line) => line.startsWith("error: "))).toEqual([
      expect.stringContaining("can't stop"),
      expect.stringContaining("can't stop either"),
    ]);
  });
});

describe("a source that talks too much", () => {
  it("ends in its last word, reads no more than needed, and each reader sees one state", async () => {
    const state = (n: number) => ({ n, twice: 2 * n });
    const source = new ControlledSource("busy", state(0));
    const { flags, reloads } = make({ sources: [source] });
    await flags.ready();
    const seen: number[] = [];
    for (let n = 1; n <= 2000; n++) {
      source.give(state(n));
      if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      const client = flags.client();
      const value = client.number("n", -1);
      expect(client.number("twice", -1)).toBe(2 * value);
      seen.push(value);
    }
    await until(() => flags.client().number("n", -1) === 2000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(source.reads).toBeLessThanOrEqual(2001);
    expect(reloads.length).toBeLessThan(source.reads + 1);
    expect(statusOf(flags)).toBe("healthy");
  });

  it("leaves nothing of what it said before", async () => {
    const given: WeakRef<object>[] = [];
    let listener: SourceListener | undefined;
    const source: DefinitionSource = {
      name: "busy",
      read: async () => {
        const [document] = documents("busy", { n: { type: "number", default: given.length } });
        given.push(new WeakRef(document!));
        return [document!];
      },
      watch: (given) => {
        listener = given;
        return () => {};
      },
    };
    const { flags } = make({ sources: [source] });
    await flags.ready();
    for (let n = 1; n < 50; n++) {
      listener?.onChange(["busy"]);
      await until(() => flags.client().number("n", -1) === n);
    }
    collectGarbage();
    expect(given.filter((document) => document.deref() !== undefined).length).toBeLessThan(10);
  });

  it("after the end is not heard, and not read", async () => {
    const source = new ControlledSource("busy", { n: 1 });
    const kept: SourceListener[] = [];
    const watched: DefinitionSource = {
      name: "busy",
      read: () => source.read(),
      watch: (listener) => {
        kept.push(listener);
        return () => {};
      },
    };
    const { flags, logs, reloads } = make({ sources: [watched] });
    await flags.ready();
    await flags.close();
    const before = { reads: source.reads, logs: logs.length, reloads: reloads.length };
    source.give({ n: 2 });
    for (const listener of kept) {
      listener.onChange(["busy"]);
      listener.onError(new Error("too late"));
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect({ reads: source.reads, logs: logs.length, reloads: reloads.length }).toEqual(before);
    expect(flags.client().value("n", -1)).toBe(1);
    expect(statusOf(flags)).toBe("healthy");
  });
});

describe("several sources, one of which fails", () => {
  it("a write is no failure because another source is one", async () => {
    const remote = new ControlledSource("remote", { f: 1 });
    const { flags } = make({ sources: [remote, new MemoryStore({ flags: {} })] });
    await flags.ready();
    remote.fail(new Error("connection reset"));
    await until(() => statusOf(flags) === "degraded");
    expect((await flags.definitions.put("mine", true)).key).toBe("mine");
    expect(flags.client().details("mine")).toMatchObject({ value: true, reason: "STALE" });
    expect(await flags.definitions.delete("mine")).toBe(true);
    expect(statusOf(flags)).toBe("degraded");
    remote.give({ f: 2 });
    await until(() => statusOf(flags) === "healthy");
    expect(flags.client().all()).toEqual({ f: 2 });
  });

  it("fails and recovers a hundred times over, and the others never notice", async () => {
    const remote = new ControlledSource("remote", { f: 0 });
    const { flags, logs } = make({
      sources: [remote, new MemoryStore({ flags: { mine: true } })],
    });
    await flags.ready();
    for (let n = 1; n <= 100; n++) {
      if (n % 3 === 0) remote.lose(new Error(`lost ${n}`));
      else remote.fail(new Error(`failed ${n}`));
      await until(() => statusOf(flags) === "degraded");
      expect(flags.client().all()).toEqual({ f: n - 1, mine: true });
      remote.give({ f: n });
      await until(() => statusOf(flags) === "healthy");
      expect(flags.client().all()).toEqual({ f: n, mine: true });
    }
    expect(logs.filter((line) => line.startsWith("error: "))).toHaveLength(100);
  });
});
