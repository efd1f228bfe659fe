import type { AnalyticsExporter, AnalyticsRecord } from "@halyard/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Collector, startAnalytics } from "../../../../test/support/analytics.ts";
import type { AnalyticsOptions } from "./options.ts";

// What goes wrong with analytics is counted, and reaches no read.

/** A busy machine may take long for what is over at once. */
const PATIENT = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

function started(analytics: AnalyticsOptions, flags?: Record<string, unknown>) {
  const { f, logged } = startAnalytics(analytics, { flags });
  const read = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      expect(f.client({ targetingKey: `user-${index}` }).enabled("beta")).toBe(true);
    }
  };
  return { f, logged, read };
}

afterEach(() => {
  vi.useRealTimers();
});

function exporter(name: string, send: (batch: readonly AnalyticsRecord[]) => unknown) {
  return { name, export: send } as AnalyticsExporter;
}

describe("an exporter", () => {
  it.each([
    ["rejects", () => Promise.reject(new Error("disk on fire")), "disk on fire"],
    [
      "throws",
      () => {
        throw new Error("not today");
      },
      "not today",
    ],
    ["rejects with nothing", () => Promise.reject(undefined), "undefined"],
  ])("that %s loses its batches, and no other does", async (_name, send, message) => {
    const good = new Collector();
    const { f, logged, read } = started({
      exporters: [exporter("bad", send), good],
      batchSize: 10,
    });
    read(0, 95);
    await f.analytics.flush();
    expect(good.events).toHaveLength(95);
    const [bad] = f.analytics.stats().exporters;
    expect(bad).toMatchObject({ exported: 0, queued: 0, inFlight: 0, lastError: message });
    expect(bad?.dropped).toEqual({ queueFull: 0, failed: 95, closed: 0 });
    // Once, not ten times.
    expect(logged).toEqual([expect.stringContaining(`exporter bad lost 10 events. ${message}`)]);
  });

  it("that answers nonsense is taken at its word as far as it goes", async () => {
    const nonsense = [7, "ok", null, {}, { dropped: Number.NaN }, { dropped: -5, setAside: "1" }];
    const answers = [...nonsense, { dropped: 1 }, { setAside: 2 }, { dropped: 99, setAside: 99 }];
    const { f, read } = started({
      exporters: [
        exporter("odd", async (batch) => {
          (batch as unknown[]).splice(0);
          return answers.shift();
        }),
      ],
      batchSize: 5,
    });
    read(0, 45);
    await f.analytics.flush();
    const [odd] = f.analytics.stats().exporters;
    expect(odd).toMatchObject({ exported: 37, setAside: 2, dropped: { failed: 6 }, queued: 0 });
  });

  it("that never settles is not called again, and holds no more than it may", async () => {
    const calls: number[] = [];
    const never = exporter("stuck", (batch) => {
      calls.push(batch.length);
      return new Promise(() => {});
    });
    const good = new Collector();
    const { f, logged, read } = started({ exporters: [never, good], batchSize: 10, maxQueue: 100 });
    for (let round = 0; round < 50; round++) {
      read(round * 10, round * 10 + 10);
      await f.analytics.flush({ timeout: 1 });
    }
    expect(good.events).toHaveLength(500);
    expect(calls).toEqual([10]);
    expect(f.analytics.stats().exporters[0]).toMatchObject({
      inFlight: 10,
      queued: 90,
      dropped: { queueFull: 400, failed: 0, closed: 0 },
    });
    expect(logged).toEqual([
      expect.stringContaining("exporter stuck lost 1 events. It is too slow"),
    ]);

    await f.close({ timeout: 100 });
    expect(f.analytics.stats().exporters[0]?.dropped.closed).toBe(90);
    expect(logged.at(-1)).toContain("did not end in time");
    expect(good.calls.slice(-2)).toEqual(["flush", "close"]);
  });

  it("that is slow gets one batch at a time, each as large as it may be", async () => {
    const sizes: number[] = [];
    let most = 0;
    let running = 0;
    const slow = exporter("slow", async (batch) => {
      running++;
      most = Math.max(most, running);
      sizes.push(batch.length);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    });
    const { f, read } = started({ exporters: [slow], batchSize: 20 });
    read(0, 205);
    await f.analytics.flush();
    expect(most).toBe(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(205);
    expect(Math.max(...sizes)).toBe(20);
  });

  it("whose flush and close fail is closed all the same", async () => {
    const failing = {
      ...exporter("bad", async () => {}),
      flush: () => Promise.reject(new Error("flush")),
      close: () => {
        throw new Error("close");
      },
    };
    const { f, logged, read } = started({ exporters: [failing] });
    read(0, 1);
    await f.close();
    expect(f.analytics.stats().exporters[0]?.exported).toBe(1);
    expect(logged).toEqual([
      "Analytics: flush() of bad failed. flush",
      "Analytics: close() of bad failed. close",
    ]);
  });
});

describe("the queue", () => {
  it("drops the newest when too many come at once, and counts them", async () => {
    const good = new Collector();
    const { f, logged, read } = started({ exporters: [good], maxQueue: 100, batchSize: 1000 });
    read(0, 250);
    expect(f.analytics.stats()).toMatchObject({ exposures: 100, dropped: { queueFull: 150 } });
    await f.analytics.flush();
    expect(good.exposures.map(({ user_key }) => user_key)).toContain("user-0");
    expect(good.exposures).toHaveLength(100);
    expect(logged).toEqual([expect.stringContaining("the instance lost 1 events")]);
  });

  it("gives what was dropped another chance with the next read", async () => {
    const good = new Collector();
    const { f, read } = started({ exporters: [good], maxQueue: 100, batchSize: 1000 });
    read(0, 110);
    await f.analytics.flush();
    read(0, 110);
    await f.analytics.flush();
    expect(good.events).toHaveLength(110);
    expect(f.analytics.stats().dropped.queueFull).toBe(10);
  });

  it("is sent when it is as long as a batch, else after a while", async () => {
    const good = new Collector();
    const { read } = started({ exporters: [good], batchSize: 10, flushInterval: 5000 });
    read(0, 10);
    await vi.waitFor(() => expect(good.events).toHaveLength(10), PATIENT);
    vi.useFakeTimers();
    read(10, 11);
    await vi.advanceTimersByTimeAsync(4999);
    expect(good.events).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(1);
    expect(good.events).toHaveLength(11);
  });

  it("that is shorter than a batch is sent when it is full", async () => {
    const good = new Collector();
    const { f, read } = started({ exporters: [good], maxQueue: 10, flushInterval: 600_000 });
    for (let from = 0; from < 50; from += 10) {
      read(from, from + 10);
      await vi.waitFor(() => expect(good.events).toHaveLength(from + 10), PATIENT);
    }
    expect(f.analytics.stats().dropped.queueFull).toBe(0);
  });

  it("is written in slices, which leave the event loop to others", async () => {
    const good = new Collector();
    const { f, read } = started({ exporters: [good], batchSize: 10_000 });
    read(0, 9999);
    const client = f.client({ targetingKey: "ann" });
    for (let index = 0; index < 2000; index++) client.track("load", { text: "x".repeat(8000) });
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await f.analytics.flush();
    isOver = true;
    expect(turns).toBeGreaterThan(3);
  });

  it("knows bytes, too", async () => {
    const stuck = exporter("stuck", () => new Promise(() => {}));
    const { f } = started({ exporters: [stuck], maxQueue: 1_000_000 });
    const client = f.client({ targetingKey: "ann" });
    for (let index = 0; index < 6000; index++) client.track("load", { text: "x".repeat(8000) });
    await f.analytics.flush({ timeout: 1 });
    await vi.waitFor(() => expect(f.analytics.stats().queued).toBe(0), PATIENT);
    const [{ queued, inFlight, dropped } = { queued: 0, inFlight: 0, dropped: undefined }] =
      f.analytics.stats().exporters;
    expect((queued + inFlight) * 8000).toBeLessThan(32 * 1024 * 1024);
    expect(dropped?.queueFull).toBe(6000 - queued - inFlight);
  });
});

describe("a crawler", () => {
  it("that thinks of 100,000 keys of flags leaves nothing", async () => {
    const good = new Collector();
    const { f } = started({ exporters: [good] });
    const client = f.client({ targetingKey: "crawler" });
    for (let index = 0; index < 100_000; index++) client.enabled(`key-${index}`, false);
    await f.analytics.flush();
    expect(good.events).toEqual([]);
    expect(f.analytics.stats()).toMatchObject({ exposures: 0, dropped: { queueFull: 0 } });
  });

  it("that reads 100,000 flags is held to the queue", async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);
    const flags = Object.fromEntries(keys.map((key) => [key, true]));
    const { f } = started({ exporters: [new Collector()], maxQueue: 1000 }, flags);
    const client = f.client({ targetingKey: "crawler" });
    for (const key of keys) client.enabled(key);
    const { exposures, queued, dropped } = f.analytics.stats();
    expect({ exposures, queued, dropped: dropped.queueFull }).toEqual({
      exposures: 1000,
      queued: 1000,
      dropped: 99_000,
    });
  });
});
