import { type DefinitionDocument, type DefinitionSource, defineFlags } from "@halyard/core";
import { afterEach, describe, expect, it } from "vitest";
import { ControlledSource } from "../../../../test/support/controlled-source.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions, ReloadEvent } from "./options.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

interface Made {
  readonly flags: Flags;
  readonly logs: string[];
  readonly reloads: ReloadEvent[];
}

function make(options: FlagsOptions): Made {
  const logs: string[] = [];
  const reloads: ReloadEvent[] = [];
  const log = (level: string) => (message: string) => void logs.push(`${level} ${message}`);
  const flags = createFlags({
    environment: "test",
    startTimeout: 60_000,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    hooks: { onReload: (event) => void reloads.push(event) },
    ...options,
  });
  opened.push(flags);
  return { flags, logs, reloads };
}

const status = (flags: Flags) => flags.health().status;

/** Waits until a condition holds. */
async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 1, timeout: 5000 }).toBe(true);
}

const BAD = { beta: { type: "boolean", rulez: [] } };

describe("a source that fails later", () => {
  it("leaves the last good definitions, which say that they are stale, and recovers", async () => {
    const source = new ControlledSource("remote", { beta: true });
    const { flags, logs, reloads } = make({ sources: [source] });
    await flags.ready();
    expect(status(flags)).toBe("healthy");
    const before = flags.client();

    source.fail(new Error("connection reset"));
    await until(() => status(flags) === "degraded");
    expect(flags.client().details("beta")).toMatchObject({ value: true, reason: "STALE" });
    expect(before.details("beta").reason).toBe("STATIC");
    expect(flags.health()).toMatchObject({
      provider: { connected: false, last_error: "connection reset" },
      flags_loaded: 1,
    });
    expect(logs.at(-1)).toMatch(/^error .*remote.*connection reset/);
    expect(reloads.at(-1)).toMatchObject({
      files: ["remote"],
      changed: [],
      error: expect.any(Error),
    });

    source.give({ beta: false });
    await until(() => status(flags) === "healthy");
    expect(flags.client().details("beta")).toMatchObject({ value: false, reason: "STATIC" });
    expect(flags.health().provider).toEqual({ connected: true, latency_ms: expect.any(Number) });
    expect(reloads.at(-1)).toEqual({ files: ["remote"], changed: ["beta"] });
  });

  it("is degraded when only its notifications fail, until a read succeeds", async () => {
    const source = new ControlledSource("remote", { beta: true });
    const { flags } = make({ sources: [source] });
    await flags.ready();
    source.lose(new Error("socket closed"));
    expect(status(flags)).toBe("degraded");
    expect(flags.client().details("beta").reason).toBe("STALE");
    source.give({ beta: true });
    await until(() => status(flags) === "healthy");
    expect(flags.client().details("beta").reason).toBe("STATIC");
  });

  it("gives bad definitions: all of them are refused, with every problem in the log", async () => {
    const source = new ControlledSource("remote", { beta: true });
    const { flags, logs, reloads } = make({ sources: [source] });
    await flags.ready();
    source.give({ ...BAD, fresh: true });
    await until(() => status(flags) === "degraded");
    expect(flags.client().all()).toEqual({ beta: true });
    expect(flags.client().details("beta").reason).toBe("STALE");
    expect(logs.at(-1)).toMatch(/rulez/);
    expect(reloads.at(-1)?.error).toMatchObject({ code: "INVALID_DEFINITIONS" });
    source.give({ fresh: true });
    await until(() => status(flags) === "healthy");
    expect(flags.client().all()).toEqual({ fresh: true });
  });

  it("keeps emergencies, made meanwhile too, in force", async () => {
    const source = new ControlledSource("remote", { beta: true });
    const { flags } = make({ sources: [source] });
    await flags.ready();
    source.fail(new Error("down"));
    await until(() => status(flags) === "degraded");
    const actor = { id: "ops", type: "person" };
    await flags.overrides.kill("beta", { actor, reason: "down" });
    expect(flags.client().enabled("beta")).toBe(false);
    source.give({ beta: true });
    await until(() => status(flags) === "healthy");
    expect(flags.client().enabled("beta")).toBe(false);
  });
});

describe("several sources", () => {
  it("the first that defines a key wins, and what is shadowed is logged", async () => {
    const first = new ControlledSource("first", { both: true });
    const second = new ControlledSource("second", { both: false, own: true });
    const { flags, logs } = make({ sources: [first, second] });
    await flags.ready();
    expect(flags.client().all()).toEqual({ both: true, own: true });
    const warnings = logs.filter((line) => line.startsWith("warn"));
    expect(warnings).toEqual([expect.stringMatching(/both.*second.*first/)]);
    expect(flags.definitions.get("both")?.source).toBe("first");
    first.give({});
    await until(() => flags.client().value("both") === false);
    expect(flags.definitions.get("both")?.source).toBe("second");
  });

  it("what can be had at once serves, as stale, until all have answered", async () => {
    const slow = new ControlledSource("slow");
    const { flags } = make({ sources: [slow, defineFlags({ base: true })] });
    expect(status(flags)).toBe("degraded");
    expect(flags.client().details("base")).toMatchObject({ value: true, reason: "STALE" });
    slow.give({ base: false });
    await flags.ready();
    expect(flags.client().enabled("base")).toBe(false);
  });

  it("changes that are announced meanwhile wait for the first snapshot", async () => {
    const slow = new ControlledSource("slow");
    const quick = new ControlledSource("quick", { beta: false });
    const { flags } = make({ sources: [slow, quick] });
    await until(() => quick.watchers === 1);
    quick.give({ beta: true });
    await new Promise(setImmediate);
    expect(status(flags)).toBe("unhealthy");
    slow.give({});
    await flags.ready();
    await until(() => flags.client().enabled("beta"));
  });

  it("one that fails at start does not take the others along", async () => {
    const broken = new ControlledSource("broken");
    const { flags, logs } = make({ sources: [broken, defineFlags({ base: true })] });
    broken.fail(new Error("refused"));
    await expect(flags.ready()).rejects.toThrow("refused");
    expect(flags.client().details("base")).toMatchObject({ value: true, reason: "STALE" });
    expect(status(flags)).toBe("degraded");
    expect(logs).toContainEqual(expect.stringMatching(/^error .*broken.*refused/));
    broken.give({ base: false });
    await until(() => status(flags) === "healthy");
    expect(flags.client().details("base")).toMatchObject({ value: false, reason: "STATIC" });
  });

  it("one that is late does not hold the others up beyond startTimeout", async () => {
    const late = new ControlledSource("late");
    const sources = [late, defineFlags({ base: true })];
    const { flags } = make({ sources, startTimeout: 5 });
    await until(() => status(flags) === "degraded");
    expect(flags.client().details("base")).toMatchObject({ value: true, reason: "STALE" });
    await expect(flags.ready()).rejects.toMatchObject({ code: "START_TIMEOUT" });
    late.give({ base: false });
    await until(() => status(flags) === "healthy");
    expect(flags.client().enabled("base")).toBe(false);
  });

  it("what needs no waiting throws what is wrong with it, whatever else is waited for", () => {
    const slow = new ControlledSource("slow");
    expect(() => make({ sources: [slow, { flags: BAD } as never] })).toThrow(
      expect.objectContaining({ code: "INVALID_DEFINITIONS" }),
    );
    expect(slow.watchers).toBe(0);
  });

  it("what needs no waiting may mention what another source defines", async () => {
    const slow = new ControlledSource("slow");
    const flag = { enabled: true, prerequisites: [{ flag: "base", variant: "on" }] };
    const { flags } = make({ sources: [slow, { flags: { beta: flag } }] });
    expect(status(flags)).toBe("unhealthy");
    slow.give({ base: true });
    await flags.ready();
    expect(flags.client().enabled("beta")).toBe(true);
  });

  it("of one name are refused", () => {
    const sources = [new ControlledSource("same"), new ControlledSource("same")];
    expect(() => make({ sources })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
  });

  it.each([7, null, [], new Map()])("%j is none", (source) => {
    const sources = [source as never];
    expect(() => make({ sources })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
  });
});

describe("the start", () => {
  it("of sources that need no waiting is over at once, or throws", () => {
    const { flags } = make({ sources: [defineFlags({ beta: true })] });
    expect(status(flags)).toBe("healthy");
    expect(flags.client().enabled("beta")).toBe(true);
    expect(() => make({ sources: [{ flags: BAD } as never] })).toThrow(
      expect.objectContaining({ code: "INVALID_DEFINITIONS" }),
    );
  });

  it("with bad definitions of a remote source rejects ready, and recovers", async () => {
    const source = new ControlledSource("remote", BAD);
    const { flags } = make({ sources: [source] });
    await expect(flags.ready()).rejects.toMatchObject({ code: "INVALID_DEFINITIONS" });
    expect(flags.health()).toMatchObject({
      status: "unhealthy",
      provider: { last_error: expect.stringContaining("rulez") },
    });
    source.give({ beta: true });
    await until(() => status(flags) === "healthy");
  });

  it("reads each source once, also when it is late", async () => {
    const source = new ControlledSource("remote");
    const { flags } = make({ sources: [source], startTimeout: 1 });
    await until(() => flags.health().provider.last_error !== undefined);
    expect(source.reads).toBe(1);
    source.give({ beta: true });
    await until(() => flags.client().enabled("beta"));
  });
});

it("a late first answer is taken over without an announcement", async () => {
  let give: (documents: readonly DefinitionDocument[]) => void = () => {};
  const answer = new Promise<readonly DefinitionDocument[]>((resolve) => {
    give = resolve;
  });
  const late: DefinitionSource = { name: "late", read: () => answer };
  const { flags } = make({ sources: [late, defineFlags({ base: true })], startTimeout: 1 });
  await until(() => status(flags) === "degraded");
  give([{ name: "late", document: { flags: { base: false } } }]);
  await until(() => status(flags) === "healthy");
  expect(flags.client().details("base")).toMatchObject({ value: false, reason: "STATIC" });
});

const NO_CACHE = { enabled: false, hit_rate: null, size: 0, max_size: 0 };
const NO_READS = {
  total_evaluations: 0,
  error_rate: null,
  avg_latency_ms: null,
  p99_latency_ms: null,
};

describe("health", () => {
  it("has the documented form", () => {
    const before = Date.now();
    const health = make({ sources: [defineFlags({ a: true, b: false })] }).flags.health();
    expect(health).toEqual({
      status: "healthy",
      provider: { connected: true, latency_ms: expect.any(Number) },
      cache: NO_CACHE,
      last_refresh: expect.any(String),
      flags_loaded: 2,
      evaluation_stats: NO_READS,
    });
    expect(Date.parse(String(health.last_refresh))).toBeGreaterThanOrEqual(before);
  });

  it("has no last refresh before the first", () => {
    const { flags } = make({ sources: [new ControlledSource("never")] });
    expect(flags.health()).toEqual({
      status: "unhealthy",
      provider: { connected: false, latency_ms: null },
      cache: NO_CACHE,
      last_refresh: null,
      flags_loaded: 0,
      evaluation_stats: NO_READS,
    });
  });

  it("names the latest of several faults, and is well when all are gone", async () => {
    const [one, two] = [new ControlledSource("one", {}), new ControlledSource("two", {})];
    const { flags } = make({ sources: [one, two] });
    await flags.ready();
    one.lose(new Error("first fault"));
    two.lose(new Error("second fault"));
    expect(flags.health().provider.last_error).toBe("second fault");
    two.give({});
    await until(() => flags.health().provider.last_error === "first fault");
    expect(status(flags)).toBe("degraded");
    one.give({});
    await until(() => status(flags) === "healthy");
  });
});

describe("after close", () => {
  it("nothing is watched, and nothing changes any more", async () => {
    const source = new ControlledSource("remote", { beta: true });
    const { flags, logs } = make({ sources: [source] });
    await flags.ready();
    await Promise.all([flags.close(), flags.close()]);
    expect(source.watchers).toBe(0);
    const { length } = logs;
    source.give({ beta: false });
    source.lose(new Error("late"));
    await new Promise(setImmediate);
    expect(flags.client().details("beta")).toMatchObject({ value: true, reason: "STATIC" });
    expect(logs).toHaveLength(length);
  });
});

it("a start that the instance's end overtakes is over too", async () => {
  const { flags } = make({ sources: [new ControlledSource("silent")] });
  const ready = flags.ready();
  await flags.close();
  await expect(ready).rejects.toMatchObject({ code: "CLOSED" });
});
