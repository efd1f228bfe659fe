import {
  type DefinitionSource,
  MemoryStore,
  type Scope,
  type SourceListener,
  type StoreContents,
} from "@halyard/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "./options.ts";

const by = { actor: { id: "ann", type: "person" }, reason: "a test" };
const user = (id: string): Scope => ({ kind: "user", id });
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const opened: Flags[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions): Flags {
  const flags = createFlags({ environment: "test", logger: silent, ...options });
  opened.push(flags);
  return flags;
}

/** Its flags can be ones that nobody can serve. */
class SpoiltStore extends MemoryStore {
  spoilt = false;

  override async read(): Promise<StoreContents> {
    const contents = await super.read();
    const document = { flags: { pay: true, broken: { nonsense: 1 } } };
    return this.spoilt ? { ...contents, documents: [{ name: "memory", document }] } : contents;
  }
}

describe("an emergency", () => {
  it("serves while the definitions of its store are refused, made here or elsewhere", async () => {
    const store = new SpoiltStore({ flags: { pay: true } });
    const flags = make({ store });
    store.spoilt = true;
    expect(await flags.overrides.kill("pay", by)).toMatchObject({ layer: "emergency" });
    expect(flags.client().enabled("pay")).toBe(false);
    expect(await flags.overrides.restore("pay", by)).toBe(true);
    expect(flags.client().enabled("pay")).toBe(true);
    const slot = { flagKey: "pay", layer: "emergency", scope: "system" } as const;
    await store.write([{ what: "override", ...slot, put: { value: false } }], { ...by, at: 0 });
    await vi.waitFor(() => expect(flags.client().enabled("pay")).toBe(false));
  });

  it("has the value that fits the flag when it is written, not when it was asked for", async () => {
    const flags = make({ store: new MemoryStore({ flags: { layout: true } }) });
    const variants = { wide: "w", none: "none" };
    const put = flags.definitions.put("layout", { variants, default: "w", off: "none" }, by);
    const kill = flags.overrides.kill("layout", by);
    await Promise.all([put, kill]);
    expect(flags.client().value("layout")).toBe("none");
  });
});

describe("an override under a key that is an alias by now", () => {
  async function renamed(): Promise<Flags> {
    let document: unknown = { flags: { old: true } };
    let listener: SourceListener | undefined;
    const source: DefinitionSource = {
      name: "code",
      readSync: () => [{ name: "code", document }],
      read: async () => [{ name: "code", document }],
      watch: (given) => {
        listener = given;
        return () => {};
      },
    };
    const flags = make({ sources: [source], store: new MemoryStore({}) });
    await flags.overrides.set("old", user("u"), false, by);
    document = { flags: { fresh: true }, aliases: { old: "fresh" } };
    listener?.onChange(["code"]);
    await vi.waitFor(() => expect(flags.definitions.get("fresh")).toBeDefined());
    return flags;
  }

  async function served(flags: Flags): Promise<boolean> {
    const client = flags.client({ userId: "u" });
    await client.ready();
    return client.enabled("fresh");
  }

  it("serves on, and is found by the new key", async () => {
    const flags = await renamed();
    expect(await served(flags)).toBe(false);
    expect(await flags.overrides.get("fresh", user("u"))).toMatchObject({ value: false });
  });

  it("gives way to what is written under the new key", async () => {
    const flags = await renamed();
    await flags.overrides.set("fresh", user("u"), true, by);
    expect(await served(flags)).toBe(true);
  });

  it.each<[string, (flags: Flags) => Promise<unknown>, unknown]>([
    ["deleted by the new key", (f) => f.overrides.delete("fresh", user("u"), by), true],
    ["deleted by the old key", (f) => f.overrides.delete("old", user("u"), by), true],
    ["cleared", (f) => f.overrides.clear("fresh", by), 1],
  ])("can be %s", async (_name, remove, answer) => {
    const flags = await renamed();
    expect(await remove(flags)).toBe(answer);
    expect(await served(flags)).toBe(true);
  });

  it("in the local layer: code beats the environment, whatever names they use", () => {
    vi.stubEnv("FEATURE_OVERRIDES", "old=false");
    const sources = [{ flags: { fresh: false }, aliases: { old: "fresh" } }];
    const flags = make({ sources, overrides: { fresh: true } });
    vi.unstubAllEnvs();
    expect(flags.client().enabled("fresh")).toBe(true);
  });
});

describe("a source", () => {
  it("that tells of a change while it begins to be watched is read one at a time", async () => {
    let [reading, most] = [0, 0];
    const source: DefinitionSource = {
      name: "eager",
      read: async () => {
        most = Math.max(most, ++reading);
        await new Promise(setImmediate);
        reading--;
        return [{ name: "eager", document: { flags: { a: true } } }];
      },
      watch: (listener) => {
        listener.onChange(["eager"]);
        listener.onChange(["eager"]);
        return () => {};
      },
    };
    const flags = make({ sources: [source] });
    await flags.ready();
    expect([most, flags.health().status]).toEqual([1, "healthy"]);
  });

  it("that gave what can't be parsed is read again, where it tells of no changes", async () => {
    let good = true;
    const source: DefinitionSource = {
      name: "polled",
      read: async () => [
        { name: "polled", document: good ? { flags: { n: 1 } } : { flags: { n: { rulez: 1 } } } },
      ],
    };
    const flags = make({ sources: [source], refreshInterval: 100 });
    await flags.ready();
    good = false;
    await vi.waitFor(() => expect(flags.health().status).toBe("degraded"), 3000);
    good = true;
    await vi.waitFor(() => expect(flags.health().status).toBe("healthy"), 3000);
  });
});

describe("what hangs or rejects", () => {
  it("close gives up on it after its timeout, and says so", async () => {
    const said: string[] = [];
    class Stuck extends MemoryStore {
      override close(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const logger = { ...silent, warn: (line: string) => void said.push(line) };
    const flags = createFlags({ environment: "test", store: new Stuck({}), logger });
    await flags.close({ timeout: 5 });
    expect(said).toEqual([expect.stringContaining("still under way")]);
  });

  it("a logger that is async and rejects is told of, and ends nothing", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const warn = (async () => Promise.reject(new Error("disk full"))) as () => void;
    const sources = [{ flags: { a: true } }, { flags: { a: false } }];
    make({ sources, logger: { ...silent, warn } });
    await vi.waitFor(() =>
      expect(warned).toHaveBeenCalledWith(expect.stringContaining("disk full"), expect.anything()),
    );
  });

  it("a caller who leaves out who it is, is told what to pass", async () => {
    const flags = make({ store: new MemoryStore({ flags: { a: true } }) });
    const overrides = flags.overrides as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    for (const call of [
      () => overrides.set?.("a", user("u"), true),
      () => overrides.delete?.("a", user("u")),
      () => overrides.restore?.("a"),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "INVALID_ACTOR" });
    }
  });
});
