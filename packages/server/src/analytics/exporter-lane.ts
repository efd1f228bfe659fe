import type { AnalyticsExporter, AnalyticsRecord, Clock } from "@halyard/core";
import { type Log, messageOf } from "../instance/log.ts";
import { LossReport } from "./loss-report.ts";
import type { ExporterStats } from "./stats.ts";

/** Characters of JSON that may wait for one exporter, however few events they are. */
const MAX_WAITING = 32 * 1024 * 1024;

interface LaneOptions {
  readonly batchSize: number;
  readonly maxQueue: number;
  readonly log: Log;
  readonly clock: Clock;
}

interface Waiter {
  /** How many events have to be settled. */
  readonly until: number;
  readonly resolve: () => void;
}

/** Events on their way to one exporter: one batch at a time, so that a slow one holds up no other. */
export class ExporterLane {
  readonly #exporter: AnalyticsExporter;
  readonly #options: LaneOptions;
  readonly #lost: LossReport;
  readonly #kept: LossReport;
  readonly #stop = new AbortController();
  readonly #queue: AnalyticsRecord[] = [];
  #waiting = 0;
  #inFlight = 0;
  #exported = 0;
  #setAside = 0;
  readonly #dropped = { queueFull: 0, failed: 0, closed: 0 };
  #lastError: string | undefined;
  #pushed = 0;
  #settled = 0;
  #waiters: Waiter[] = [];
  /** Nobody waits any longer. */
  #isOver = false;

  constructor(exporter: AnalyticsExporter, options: LaneOptions) {
    this.#exporter = exporter;
    this.#options = options;
    const { log, clock } = options;
    this.#lost = new LossReport(log, clock, `the exporter ${exporter.name} lost`);
    this.#kept = new LossReport(log, clock, `the exporter ${exporter.name} set aside`);
  }

  /** Takes an event, or drops it when there is no room. */
  push(record: AnalyticsRecord): void {
    const { maxQueue } = this.#options;
    if (this.#isOver) {
      this.#dropped.closed++;
      return;
    }
    if (
      this.#queue.length + this.#inFlight >= maxQueue ||
      this.#waiting + record.json.length > MAX_WAITING
    ) {
      this.#dropped.queueFull++;
      this.#lost.tell(1, this.#inFlight === 0 ? "Too many came at once." : "It is too slow.");
      return;
    }
    this.#pushed++;
    this.#waiting += record.json.length;
    this.#queue.push(record);
  }

  /** Sends what waits, unless a batch is under way: that one goes on with the rest. */
  send(): void {
    if (this.#inFlight === 0 && this.#queue.length > 0) void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#options.batchSize);
      const events = batch.length;
      const length = lengthOf(batch);
      this.#inFlight = events;
      // What the exporter does to the list is its own affair.
      await this.#export(batch, events);
      this.#inFlight = 0;
      this.#waiting -= length;
      this.#settle(events);
    }
  }

  async #export(batch: readonly AnalyticsRecord[], events: number): Promise<void> {
    try {
      const { signal } = this.#stop;
      const outcome =
        signal.aborted && this.#exporter.keep !== undefined
          ? await this.#exporter.keep(batch)
          : await this.#exporter.export(batch, signal);
      const dropped = atMost(events, outcome?.dropped);
      const setAside = atMost(events - dropped, outcome?.setAside);
      this.#setAside += setAside;
      this.#exported += events - setAside - dropped;
      this.#lastError = outcome?.reason;
      this.#fail(dropped, this.#lastError ?? "It could not deliver them.");
      this.#kept.tell(setAside, this.#lastError ?? "It could not deliver them.");
    } catch (error) {
      this.#lastError = messageOf(error);
      this.#fail(events, this.#lastError);
    }
  }

  #fail(events: number, why: string): void {
    this.#dropped.failed += events;
    this.#lost.tell(events, why);
  }

  #settle(events: number): void {
    this.#settled += events;
    const ready = this.#waiters.filter(({ until }) => until <= this.#settled);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter(({ until }) => until > this.#settled);
    for (const { resolve } of ready) resolve();
  }

  /** Resolves once everything that was taken so far has left the exporter, or is lost. */
  async flush(): Promise<void> {
    await this.#delivered();
    await this.#ask("flush");
  }

  #delivered(): Promise<void> {
    if (this.#settled >= this.#pushed) return Promise.resolve();
    const until = this.#pushed;
    return new Promise((resolve) => this.#waiters.push({ until, resolve }));
  }

  async #ask(what: "flush" | "close"): Promise<void> {
    try {
      await this.#exporter[what]?.();
    } catch (error) {
      this.#lastError = messageOf(error);
      const { log } = this.#options;
      log.warn(`Analytics: ${what}() of ${this.#exporter.name} failed. ${this.#lastError}`);
    }
  }

  /** Flushes the exporter and releases it. */
  async close(): Promise<void> {
    await this.flush();
    await this.#ask("close");
  }

  /** There is little time left: the exporter is told to give up, and keeps what waits or drops it. */
  giveUp(): void {
    this.#stop.abort();
    if (this.#exporter.keep === undefined) this.#drop();
  }

  /** Nobody waits any longer: what is left is dropped, and losses are told that have not been. */
  end(): void {
    this.#drop();
    this.#lost.tellRest();
    this.#kept.tellRest();
  }

  #drop(): void {
    this.#isOver = true;
    const left = this.#queue.splice(0);
    this.#dropped.closed += left.length;
    this.#lost.tell(left.length, "The instance was closed before they could be sent.");
    this.#waiting -= lengthOf(left);
    this.#settle(left.length);
  }

  get stats(): ExporterStats {
    return {
      name: this.#exporter.name,
      exported: this.#exported,
      setAside: this.#setAside,
      queued: this.#queue.length,
      inFlight: this.#inFlight,
      dropped: { ...this.#dropped },
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }
}

function lengthOf(records: readonly AnalyticsRecord[]): number {
  return records.reduce((sum, { json }) => sum + json.length, 0);
}

/** A count that an exporter gives, if it is one. */
function atMost(events: number, given: unknown): number {
  return Number.isSafeInteger(given) ? Math.min(Math.max(given as number, 0), events) : 0;
}
