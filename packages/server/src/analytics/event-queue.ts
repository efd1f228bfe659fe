import type { Clock } from "@halyard/core";
import type { Log } from "../instance/log.ts";
import { runSliced } from "../instance/run-sliced.ts";
import { WorkQueue } from "../instance/work-queue.ts";
import type { EventWriter, PendingEvent } from "./event.ts";
import { ExporterLane } from "./exporter-lane.ts";
import { LossReport } from "./loss-report.ts";
import type { AnalyticsOptions } from "./options.ts";
import type { EventCounts } from "./stats.ts";

const BATCH_SIZE = 200;
/** Milliseconds. */
const FLUSH_INTERVAL = 5000;
const MAX_QUEUE = 10_000;

/** Of the time that `close` has: then exporters give up, so that they can still tidy up. */
const PATIENCE = 0.75;
/** And then nobody is waited for. A little sooner than the instance itself. */
const END = 0.95;

export interface EventQueueParts {
  readonly options: AnalyticsOptions;
  readonly writer: EventWriter;
  readonly counts: EventCounts;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Between reads and exporters. Whoever reads a flag only leaves a small record here; events are
 * written later, a few at a time, and handed to each exporter's own lane.
 */
export class EventQueue {
  readonly lanes: readonly ExporterLane[];
  readonly #parts: EventQueueParts;
  readonly #batchSize: number;
  readonly #flushInterval: number;
  readonly #maxQueue: number;
  readonly #report: LossReport;
  readonly #writing = new WorkQueue();
  #pending: PendingEvent[] = [];
  /** Of what is being written, that is not yet. */
  #unwritten = 0;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isClosed = false;

  constructor(parts: EventQueueParts) {
    const { options, log, clock } = parts;
    this.#parts = parts;
    this.#flushInterval = options.flushInterval ?? FLUSH_INTERVAL;
    this.#maxQueue = options.maxQueue ?? MAX_QUEUE;
    // A queue that is full is sent, though it may be no batch.
    this.#batchSize = Math.min(options.batchSize ?? BATCH_SIZE, this.#maxQueue);
    this.#report = new LossReport(log, clock, "the instance lost");
    const lane = { batchSize: this.#batchSize, maxQueue: this.#maxQueue, log, clock };
    this.lanes = options.exporters.map((exporter) => new ExporterLane(exporter, lane));
  }

  /** Events that wait to be written. */
  get size(): number {
    return this.#pending.length + this.#unwritten;
  }

  /** Takes what happened; `false` where it is dropped. Costs next to nothing. */
  push(pending: PendingEvent): boolean {
    const { dropped } = this.#parts.counts;
    if (this.#isClosed) {
      dropped.closed++;
      return false;
    }
    if (this.size >= this.#maxQueue) {
      dropped.queueFull++;
      this.#report.tell(1, "Too many came at once: raise `maxQueue`, or lower `sampling`.");
      return false;
    }
    this.#pending.push(pending);
    if (this.#pending.length >= this.#batchSize) this.#schedule();
    else this.#timer ??= setTimeout(() => void this.#write(), this.#flushInterval).unref();
    return true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#write();
    });
  }

  /** Writes what is pending, and hands it on. */
  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing.run(async () => {
      const pending = this.#pending;
      this.#pending = [];
      this.#unwritten = pending.length;
      await runSliced(this.#writeAll(pending));
      for (const lane of this.lanes) lane.send();
    });
  }

  *#writeAll(pending: readonly PendingEvent[]): Generator<void, void, void> {
    const { writer, counts } = this.#parts;
    let written = 0;
    for (const one of pending) {
      this.#unwritten--;
      const record = writer.write(one);
      if (record === undefined) {
        counts.dropped.invalid++;
        this.#report.tell(1, "They can't be written as JSON, or are too large.");
      } else {
        counts.omitted += record.event.omitted?.length ?? 0;
        for (const lane of this.lanes) lane.push(record);
      }
      // Exporters begin before the rest is written: there may be more than they have room for.
      written++;
      if (written % this.#batchSize === 0) for (const lane of this.lanes) lane.send();
      yield;
    }
  }

  /** Resolves once what was taken so far has left the exporters or is lost, or time is up. */
  async flush(timeout: number): Promise<void> {
    const flushed = this.#write().then(() => Promise.all(this.lanes.map((lane) => lane.flush())));
    await within(timeout, flushed);
  }

  /** The same, and releases the exporters. Nothing is taken from here on. */
  async close(timeout: number): Promise<void> {
    this.#isClosed = true;
    const giveUp = (): void => {
      for (const lane of this.lanes) lane.giveUp();
    };
    // These keep the process alive, else it could end before the events have left.
    const patience = setTimeout(giveUp, timeout * PATIENCE);
    const closed = this.#write().then(() => Promise.all(this.lanes.map((lane) => lane.close())));
    const isWhole = await within(timeout * END, closed);
    clearTimeout(patience);
    this.#report.tellRest();
    for (const lane of this.lanes) lane.end();
    if (isWhole) return;
    const { log } = this.#parts;
    log.warn("Analytics: an exporter did not end in time; what it was sending may be lost.");
  }
}

/** Whether the work is over in so many milliseconds. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
