/** Knows what is under way, so that closing can wait for it and refuse what comes later. */
export class Gate {
  readonly #refusal: () => Error;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  /** `refusal` makes the error for what comes too late. */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  /** Throws once it is closed. */
  check(): void {
    if (this.#closed) throw this.#refusal();
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves once all that is under way has ended, however it did. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }
}
