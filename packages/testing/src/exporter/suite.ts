import assert from "node:assert/strict";
import { type AnalyticsExporter, type AnalyticsRecord, HalyardError } from "@halyard/core";
import { createFlags } from "@halyard/server";
import type { TestFunctions } from "../store/bench.ts";
import { exposure, exposures, ODD } from "./events.ts";
import type { ExporterHarness, ExporterPlace } from "./harness.ts";

/** How long what was exported may take to arrive on a busy machine, in milliseconds. */
const DEADLINE = 20_000;

/** One test's place and exporter. */
class Bench {
  readonly place: ExporterPlace;
  readonly exporter: AnalyticsExporter;
  readonly #stop = new AbortController();

  constructor(place: ExporterPlace) {
    this.place = place;
    this.exporter = place.open();
  }

  export(batch: readonly AnalyticsRecord[]) {
    return this.exporter.export(batch, this.#stop.signal);
  }

  /** As an instance does when `close` has no time left. */
  giveUp(): void {
    this.#stop.abort();
  }

  /** Exactly these have arrived, or do so in time, in this order. */
  async arrive(records: readonly AnalyticsRecord[]): Promise<void> {
    const wanted = records.map(({ json }) => json);
    const arrived = await this.arrived(wanted.length);
    assert.equal(arrived.length, wanted.length);
    // One by one: the difference of two long lists takes ages to show.
    for (const [index, json] of wanted.entries()) assert.equal(arrived[index], json);
  }

  /** What has arrived when there are so many, or too long a time has passed. */
  async arrived(count: number): Promise<readonly string[]> {
    for (const end = performance.now() + DEADLINE; ; ) {
      const arrived = await this.place.read();
      if (arrived.length >= count || performance.now() > end) return arrived;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/**
 * What every exporter of events must do alike, wherever they go. The test functions are passed in, so
 * that this runs under any runner: `exporterSuite(harness, { describe, it })`.
 */
export function exporterSuite(harness: ExporterHarness, { describe, it }: TestFunctions): void {
  const check = (name: string, body: (bench: Bench) => Promise<void>): void =>
    it(name, async () => {
      const bench = new Bench(await harness.create());
      try {
        await body(bench);
      } finally {
        await bench.exporter.close?.();
        await bench.place.remove();
      }
    });

  describe(`the exporter suite on ${harness.name}`, () => {
    check("has a name", async ({ exporter }) => assert.match(exporter.name, /^\S+$/));

    for (const [name, record] of ODD) {
      check(`delivers an event as it is: ${name}`, async (bench) => {
        await bench.export([record]);
        await bench.exporter.flush?.();
        await bench.arrive([record]);
      });
    }

    check("delivers batches in order, each event once", async (bench) => {
      for (let from = 0; from < 100; from += 10) await bench.export(exposures(from, from + 10));
      await bench.exporter.flush?.();
      await bench.arrive(exposures(0, 100));
    });

    check("delivers a large batch", async (bench) => {
      const value = "x".repeat(1000);
      const records = Array.from({ length: 3000 }, (_, index) => exposure(index, { value }));
      await bench.export(records);
      await bench.arrive(records);
    });

    check("delivers nothing of an empty batch", async (bench) => {
      await bench.export([]);
      await bench.export(exposures(0, 1));
      await bench.arrive(exposures(0, 1));
    });

    check("flushes and closes without having been used", async ({ exporter }) => {
      await exporter.flush?.();
    });

    check("tells what it can't deliver, and goes on when it can", async (bench) => {
      const { fail, mend } = bench.place;
      if (fail === undefined || mend === undefined) return;
      await bench.export(exposures(0, 5));
      await bench.arrive(exposures(0, 5));
      await fail();
      for (let from = 5; from < 15; from += 5) {
        assert.equal(await lossOf(bench.export(exposures(from, from + 5)), 5), 5);
      }
      await mend();
      await bench.export(exposures(15, 20));
      await bench.arrive([...exposures(0, 5), ...exposures(15, 20)]);
    });

    check("gives up when it is told to", async (bench) => {
      const { hang } = bench.place;
      if (hang === undefined) return;
      await hang();
      const records = Array.from({ length: 200 }, (_, index) =>
        exposure(index, { value: "x".repeat(60_000) }),
      );
      const exporting = bench.export(records);
      setTimeout(() => bench.giveUp(), 50);
      assert.ok((await lossOf(exporting, records.length)) > 0);
    });

    check("delivers all that an instance has taken before it is closed", async (bench) => {
      const { exporter } = bench;
      const f = createFlags({
        sources: [{ flags: { beta: true } }],
        analytics: { exporters: [exporter], batchSize: 7 },
      });
      for (let index = 0; index < 50; index++) {
        f.client({ targetingKey: `user-${index}` }).enabled("beta");
      }
      f.client({ targetingKey: "ann" }).track("bought", { price: 5 });
      await f.close();
      const [stats] = f.analytics.stats().exporters;
      assert.equal(stats?.exported, 51);
      const arrived = await bench.arrived(51);
      const events = arrived.map((json) => JSON.parse(json) as { user_key: string });
      assert.equal(new Set(events.map(({ user_key }) => user_key)).size, 51);
      assert.equal(arrived.length, 51);
    });
  });
}

/** How many events are lost, as the outcome says, or a rejection with `EXPORT_FAILED`. */
async function lossOf(
  exporting: ReturnType<AnalyticsExporter["export"]>,
  events: number,
): Promise<number> {
  try {
    const outcome = await exporting;
    return outcome?.dropped ?? 0;
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    assert.equal(error.code, "EXPORT_FAILED", error.message);
    return events;
  }
}
