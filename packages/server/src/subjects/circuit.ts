import type { Clock } from "@halyard/core";

/** Failures in a row before calls fail at once. */
const FAILURES = 3;

/** Milliseconds that calls fail at once: after the first time twice as long each, up to the last. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 30_000;

export interface CircuitOptions {
  readonly now: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told when calls begin to fail at once, and when one has succeeded again. */
  readonly onChange: (open: boolean, error: unknown) => void;
}

/**
 * Spares a store that fails, and those who wait for it: after some failures in a row nobody asks
 * for a while, then one call tries.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  #failures = 0;
  #pause = 0;
  #until = 0;
  #trying = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#pause > 0;
  }

  /** Whether a call may be made now; what becomes of it has to be told. */
  allows(): boolean {
    if (!this.open) return true;
    if (this.#trying || this.#options.now() < this.#until) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    const wasOpen = this.open;
    this.#failures = 0;
    this.#pause = 0;
    this.#trying = false;
    if (wasOpen) this.#options.onChange(false, undefined);
  }

  /**
   * A call that had failed for being late has an answer after all: the store is there, so the next
   * call tries. It may be as slow as before, so nothing is taken back.
   */
  answeredLate(): void {
    this.#until = Math.min(this.#until, this.#options.now());
  }

  failed(error: unknown): void {
    const counts = !this.open || this.#trying;
    this.#trying = false;
    // Calls that were under way when it opened say nothing new.
    if (!counts) return;
    this.#failures++;
    if (this.#failures < FAILURES) return;
    const wasOpen = this.open;
    this.#pause = wasOpen ? Math.min(2 * this.#pause, LAST_PAUSE) : FIRST_PAUSE;
    // At least half of it, so that processes do not come back all at once.
    const jittered = this.#pause * (0.5 + this.#options.random() / 2);
    this.#until = this.#options.now() + jittered;
    if (!wasOpen) this.#options.onChange(true, error);
  }
}
