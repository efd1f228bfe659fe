import type { ReadCounts } from "@halyard/core";

/** One read in so many is timed, on average: the clock costs more than a read. */
const SAMPLE_EVERY = 1024;

/** How many of the last durations are kept. */
const KEPT = 1024;

/** What clients count, and how long some of their reads took. */
export class ReadStatistics implements ReadCounts {
  total = 0;
  failed = 0;
  /** The first read is timed, so that there is something to say. */
  timeAt = 1;
  readonly now: () => number;
  /** Milliseconds. */
  readonly #durations: number[] = [];
  #position = 0;
  readonly #random: () => number;
  /** Told of each read that was timed; milliseconds. */
  listener: ((duration: number) => void) | undefined;

  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.now = now;
    this.#random = random;
  }

  // An arrow: clients call it as a field.
  readonly timed = (duration: number): void => {
    this.#durations[this.#position] = duration;
    this.#position = (this.#position + 1) % KEPT;
    // At a distance that no request's own rhythm has.
    this.timeAt = this.total + 1 + Math.floor(this.#random() * 2 * SAMPLE_EVERY);
    this.listener?.(duration);
  };

  /** Share of the reads that gave the caller's default; null before the first. */
  get errorRate(): number | null {
    return this.total === 0 ? null : this.failed / this.total;
  }

  /** Milliseconds, of the last durations; null before the first. */
  get latency(): { readonly average: number | null; readonly p99: number | null } {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    if (sorted.length === 0) return { average: null, p99: null };
    const sum = sorted.reduce((total, duration) => total + duration, 0);
    const rank = Math.ceil(sorted.length * 0.99) - 1;
    return { average: sum / sorted.length, p99: sorted[rank] ?? null };
  }
}
