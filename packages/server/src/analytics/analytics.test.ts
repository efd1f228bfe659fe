import { MemoryStore } from "@halyard/core";
import { describe, expect, it } from "vitest";
import { Collector, startAnalytics } from "../../../../test/support/analytics.ts";
import { createFlags } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";
import type { AnalyticsOptions } from "./options.ts";

const NOON = Date.UTC(2027, 0, 1, 12);
const HOUR = 3_600_000;

const flags = {
  plain: true,
  size: { variants: { small: 1, large: 2 }, fallthrough: { serve: "large" } },
  trial: {
    variants: { a: "a", b: "b" },
    rules: [{ id: "half", rollout: { weights: { a: 50, b: 50 }, experiment: true } }],
  },
};

/** An instance at a time of its own, and what it tells. */
function started(analytics: Partial<AnalyticsOptions> = {}, options: FlagsOptions = {}) {
  const collector = new Collector();
  const time = { now: NOON };
  const { f } = startAnalytics(
    { exporters: [collector], ...analytics },
    { flags, clock: () => time.now, ...options },
  );
  return { f, collector, time };
}

describe("what is told of a read", () => {
  it("has what was served to whom, and why", async () => {
    const { f, collector } = started();
    const client = f.client({ targetingKey: "ann" });
    client.enabled("plain");
    client.value("trial");
    await f.analytics.flush();
    expect(collector.events).toEqual([
      {
        type: "exposure",
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        timestamp: "2027-01-01T12:00:00.000Z",
        flag_key: "plain",
        user_key: "ann",
        value: true,
        variation_idx: 1,
        reason: "STATIC",
        in_experiment: false,
      },
      expect.objectContaining({
        flag_key: "trial",
        variation_idx: expect.any(Number),
        reason: "SPLIT",
        rule_id: "half",
        in_experiment: true,
      }),
    ]);
    expect(collector.batches.flat().map(({ json }) => JSON.parse(json))).toEqual(collector.events);
  });

  it("is nothing for reads that failed, and for nobody's", async () => {
    const { f, collector } = started();
    const client = f.client({ targetingKey: "ann" });
    client.enabled("missing");
    client.integer("plain" as never, 1);
    f.client().enabled("plain");
    client.all();
    client.explain("plain");
    await f.analytics.flush();
    expect(collector.events).toEqual([]);
    expect(f.analytics.stats().skipped).toEqual({ duplicate: 0, unsampled: 0, anonymous: 1 });
  });

  it("marks visitors, and takes the user's id where there is no targeting key", async () => {
    const { f, collector } = started();
    f.client({ targetingKey: "anon_1", anonymous: true }).enabled("plain");
    f.client({ userId: 7 }).enabled("plain");
    await f.analytics.flush();
    expect(collector.exposures.map(({ user_key, anonymous }) => [user_key, anonymous])).toEqual([
      ["anon_1", true],
      ["7", undefined],
    ]);
  });

  it("can be of experiments alone, or of none", async () => {
    const only = started({ exposures: "experiments" });
    const none = started({ exposures: "none" });
    for (const { f } of [only, none]) {
      const client = f.client({ targetingKey: "ann" });
      client.enabled("plain");
      client.value("trial");
      client.track("bought");
      await f.analytics.flush();
    }
    expect(only.collector.exposures.map(({ flag_key }) => flag_key)).toEqual(["trial"]);
    expect(none.collector.exposures).toEqual([]);
    expect(none.collector.tracked).toHaveLength(1);
  });
});

describe("deduplication", () => {
  it("tells a value once per subject and window", async () => {
    const { f, collector, time } = started({ dedupe: { window: HOUR } });
    const read = (key: string) => f.client({ targetingKey: key }).enabled("plain");
    read("ann");
    read("ann");
    read("ben");
    time.now += HOUR - 1;
    read("ann");
    time.now += 1;
    read("ann");
    await f.analytics.flush();
    expect(collector.exposures.map(({ user_key }) => user_key)).toEqual(["ann", "ben", "ann"]);
    expect(f.analytics.stats().skipped.duplicate).toBe(2);
    expect(new Set(collector.events.map(({ id }) => id)).size).toBe(3);
  });

  it("tells again what has changed", async () => {
    const { f, collector } = started();
    const actor = { id: "ann", type: "person" };
    f.client({ targetingKey: "ann" }).enabled("plain");
    await f.overrides.kill("plain", { actor, reason: "test" });
    f.client({ targetingKey: "ann" }).enabled("plain");
    await f.analytics.flush();
    expect(collector.exposures.map(({ value }) => value)).toEqual([true, false]);
  });

  it("tells again when a flag is written anew, and what it serves has changed", async () => {
    const { f, collector } = started({}, { sources: [], store: new MemoryStore() });
    const write = async (a: string, description: string) => {
      const definition = { enabled: true, description, variants: { a, b: "b" } };
      await f.definitions.put("text", definition);
      expect(f.client({ targetingKey: "ann" }).value("text")).toBe(a);
    };
    await write("one", "first");
    await write("two", "first");
    await write("two", "second");
    await f.analytics.flush();
    expect(collector.exposures.map(({ value }) => value)).toEqual(["one", "two"]);
    expect(new Set(collector.events.map(({ id }) => id)).size).toBe(2);
  });

  it("gives what two processes tell of one subject the same id, but not two subjects'", async () => {
    const here = started();
    const there = started();
    const elsewhere = started({}, { environment: "production" });
    for (const { f } of [here, there, elsewhere]) {
      f.client({ targetingKey: "ann" }).enabled("plain");
      f.client({ targetingKey: "ann" }).track("bought");
      await f.analytics.flush();
    }
    const ids = [here, there, elsewhere].map(({ collector }) =>
      collector.events.map(({ id }) => id),
    );
    expect(ids[0]?.[0]).toBe(ids[1]?.[0]);
    expect(ids[0]?.[0]).not.toBe(ids[2]?.[0]);
    // What is tracked happened twice.
    expect(ids[0]?.[1]).not.toBe(ids[1]?.[1]);
  });

  it("can be done without", async () => {
    const { f, collector } = started({ dedupe: { window: 0 } });
    const client = f.client({ targetingKey: "ann" });
    for (let count = 0; count < 3; count++) client.enabled("plain");
    await f.analytics.flush();
    expect(new Set(collector.events.map(({ id }) => id)).size).toBe(3);
  });

  it("remembers no more than it may", async () => {
    const { f, collector } = started({ dedupe: { max: 2 } });
    for (const key of ["a", "b", "c", "a"]) f.client({ targetingKey: key }).enabled("plain");
    await f.analytics.flush();
    expect(collector.exposures).toHaveLength(4);
    // A receiver can still tell.
    expect(new Set(collector.events.map(({ id }) => id)).size).toBe(3);
  });
});

describe("sampling", () => {
  it("takes the same subjects for every flag, and says what each stands for", async () => {
    const { f, collector } = started({ sampling: { rate: 0.25 }, batchSize: 10_000 });
    for (let index = 0; index < 2000; index++) {
      const client = f.client({ targetingKey: `user-${index}` });
      client.enabled("plain");
      client.value("trial");
      client.track("bought");
    }
    await f.analytics.flush();
    const keys = (events: readonly { user_key: string }[]) =>
      new Set(events.map(({ user_key }) => user_key));
    const plain = keys(collector.exposures.filter(({ flag_key }) => flag_key === "plain"));
    const trial = keys(collector.exposures.filter(({ flag_key }) => flag_key === "trial"));
    expect(plain).toEqual(trial);
    expect(keys(collector.tracked)).toEqual(plain);
    expect(plain.size).toBeGreaterThan(425);
    expect(plain.size).toBeLessThan(575);
    // Both halves of the experiment are as large as they are outside of the sample.
    const a = collector.exposures.filter(({ value }) => value === "a").length;
    expect(Math.abs(a - trial.size / 2)).toBeLessThan(50);
    expect(new Set(collector.events.map(({ sample_rate }) => sample_rate))).toEqual(
      new Set([0.25]),
    );
  });

  it("can leave experiments whole, and what they count", async () => {
    const { f, collector } = started({ sampling: { rate: 0, experiments: 1 } });
    for (let index = 0; index < 50; index++) {
      const client = f.client({ targetingKey: `user-${index}` });
      client.enabled("plain");
      client.value("trial");
      client.track("bought");
    }
    await f.analytics.flush();
    expect(collector.exposures.map(({ flag_key }) => flag_key)).toEqual(Array(50).fill("trial"));
    expect(collector.tracked).toHaveLength(50);
    expect(collector.events.every(({ sample_rate }) => sample_rate === undefined)).toBe(true);
  });
});

describe("tracked events", () => {
  it("have a name, data and the subject", async () => {
    const heard: string[] = [];
    const hooks = { onTrack: ({ event }: { event: string }) => void heard.push(event) };
    const { f, collector } = started({ context: ["plan"] }, { hooks });
    f.client({ targetingKey: "ann", plan: "pro" }).track("bought", { price: 5 });
    await f.analytics.flush();
    expect(collector.events).toEqual([
      {
        type: "track",
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        timestamp: "2027-01-01T12:00:00.000Z",
        event: "bought",
        user_key: "ann",
        context: { plan: "pro" },
        data: { price: 5 },
      },
    ]);
    expect(heard).toEqual(["bought"]);
  });

  it("keep data as it was", async () => {
    const { f, collector } = started();
    const data = { price: 5 };
    f.client({ targetingKey: "ann" }).track("bought", data);
    data.price = 6;
    await f.analytics.flush();
    expect(collector.tracked[0]?.data).toEqual({ price: 5 });
  });
});

describe("options", () => {
  it.each([
    [{}, '"analytics.exporters" is missing'],
    [{ exporters: {} }, "analytics.exporters"],
    [{ exporters: [{ name: "x" }] }, "analytics.exporters"],
    [{ exporters: [new Collector(), new Collector()] }, "analytics.exporters"],
    [{ exporters: [], exporter: 1 }, "analytics.exporter"],
    [{ exporters: [], exposures: "some" }, "analytics.exposures"],
    [{ exporters: [], context: "plan" }, "analytics.context"],
    [{ exporters: [], privateAttributes: ["targetingKey"] }, "userKey"],
    [{ exporters: [], userKey: "md5" }, "analytics.userKey"],
    [{ exporters: [], dedupe: { window: -1 } }, "analytics.dedupe.window"],
    [{ exporters: [], sampling: { rate: 10 } }, "analytics.sampling.rate"],
    [{ exporters: [], batchSize: 0 }, "analytics.batchSize"],
    [{ exporters: [], flushInterval: 0 }, "analytics.flushInterval"],
    [{ exporters: [], maxQueue: 0 }, "analytics.maxQueue"],
  ])("%j is refused, and the message says what", (analytics, named) => {
    const make = () => createFlags({ sources: [], analytics: analytics as never });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
    expect(make).toThrow(named);
  });
});
