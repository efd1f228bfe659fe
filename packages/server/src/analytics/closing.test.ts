import type { AnalyticsExporter, AnalyticsRecord, ExportOutcome } from "@halyard/core";
import { describe, expect, it, vi } from "vitest";
import { pending, startAnalytics } from "../../../../test/support/analytics.ts";
import type { AnalyticsOptions } from "./options.ts";

/** A busy machine may take long for what is over at once. */
const PATIENT = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

function started(analytics: AnalyticsOptions) {
  const { f, logged } = startAnalytics(analytics);
  const read = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      f.client({ targetingKey: `user-${index}` }).enabled("beta");
    }
  };
  return { f, logged, read };
}

function exporter(name: string, send: (batch: readonly AnalyticsRecord[]) => unknown) {
  return { name, export: send } as AnalyticsExporter;
}

describe("closing", () => {
  it.each([Number.POSITIVE_INFINITY, 2 ** 40])("may take %d milliseconds", async (timeout) => {
    const gate = pending();
    const { f, read } = started({ exporters: [exporter("slow", () => gate.promise)] });
    read(0, 5);
    const over: string[] = [];
    const flushing = f.analytics.flush({ timeout }).then(() => over.push("flushed"));
    const closing = f.close({ timeout }).then(() => over.push("closed"));
    // Longer than a timer that takes too many milliseconds for none.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(over).toEqual([]);
    gate.resolve();
    await Promise.all([flushing, closing]);
    expect(f.analytics.stats().exporters[0]?.exported).toBe(5);
  });

  it("loses nothing: what waits, and what is under way", async () => {
    const gate = pending();
    const got: number[] = [];
    const slow = exporter("slow", async (batch) => {
      await gate.promise;
      got.push(batch.length);
    });
    const { f, read } = started({ exporters: [slow], batchSize: 10 });
    read(0, 10);
    await vi.waitFor(() => expect(f.analytics.stats().exporters[0]?.inFlight).toBe(10), PATIENT);
    read(10, 37);
    const closing = f.close();
    read(37, 40);
    gate.resolve();
    await closing;
    await f.close();
    expect(got.reduce((sum, size) => sum + size)).toBe(37);
    expect(f.analytics.stats()).toMatchObject({ exposures: 37, dropped: { closed: 3 } });
  });

  it("tells an exporter that has no time left, and lets it tidy up", async () => {
    const said: string[] = [];
    const retrying: AnalyticsExporter = {
      name: "retrying",
      export: (batch, signal) =>
        new Promise<ExportOutcome>((resolve) => {
          signal.addEventListener("abort", () => {
            said.push("gave up");
            setImmediate(() => resolve({ setAside: batch.length }));
          });
        }),
      close: async () => void said.push("closed"),
    };
    const { f, logged, read } = started({ exporters: [retrying], batchSize: 10 });
    read(0, 15);
    await f.analytics.flush({ timeout: 1 });
    await f.close({ timeout: 1000 });
    expect(said).toEqual(["gave up", "closed"]);
    expect(f.analytics.stats().exporters[0]).toMatchObject({
      setAside: 10,
      inFlight: 0,
      dropped: { closed: 5 },
    });
    expect(logged).toEqual([
      expect.stringContaining("lost 5 events. The instance was closed"),
      "Analytics: the exporter retrying set aside 10 events. It could not deliver them.",
    ]);
  });

  it("waits for what an exporter keeps no longer than it may", async () => {
    const kept: number[] = [];
    const keeping: AnalyticsExporter = {
      name: "keeping",
      export: (_batch, signal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("gave up")));
        }),
      keep: async (batch) => {
        kept.push(batch.length);
        if (kept.length === 2) await new Promise(() => {});
        return { setAside: batch.length };
      },
    };
    const { f, read } = started({ exporters: [keeping], batchSize: 10 });
    read(0, 45);
    await f.close({ timeout: 1000 });
    expect(kept).toEqual([10, 10]);
    expect(f.analytics.stats().exporters[0]).toMatchObject({
      setAside: 10,
      inFlight: 10,
      queued: 0,
      dropped: { failed: 10, closed: 15 },
    });
  });

  it("tells of every loss in the end", async () => {
    const bad = exporter("bad", () => Promise.reject(new Error("disk on fire")));
    const { f, logged, read } = started({ exporters: [bad], batchSize: 10, maxQueue: 100 });
    read(0, 195);
    await f.close();
    expect(logged).toEqual([
      "Analytics: the instance lost 1 events. Too many came at once: raise `maxQueue`, or lower `sampling`.",
      "Analytics: the exporter bad lost 10 events. disk on fire",
      "Analytics: the instance lost 94 events. Too many came at once: raise `maxQueue`, or lower `sampling`.",
      "Analytics: the exporter bad lost 90 events. disk on fire",
    ]);
  });
});
