import type { Clock } from "@halyard/core";
import type { Log } from "../instance/log.ts";

/** Between two reports, in milliseconds: what is lost may be lost with every request. */
const REPORT_INTERVAL = 60_000;

/** Tells what becomes of events: at once, and then once in a while of how many more it has. */
export class LossReport {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #what: string;
  #told = Number.NEGATIVE_INFINITY;
  #events = 0;
  #why = "";

  /** `what` stands before their number: `the exporter http lost`. */
  constructor(log: Log, clock: Clock, what: string) {
    this.#log = log;
    this.#clock = clock;
    this.#what = what;
  }

  tell(events: number, why: string): void {
    if (events === 0) return;
    this.#events += events;
    this.#why = why;
    const now = this.#clock();
    if (now - this.#told < REPORT_INTERVAL && now >= this.#told) return;
    this.tellRest();
    this.#told = now;
  }

  /** Tells now of what has not been told yet. */
  tellRest(): void {
    if (this.#events === 0) return;
    this.#log.warn(`Analytics: ${this.#what} ${this.#events} events. ${this.#why}`);
    this.#events = 0;
  }
}
