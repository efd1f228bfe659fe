/** Runs jobs one after the other, whatever becomes of the one before. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(job: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves once the jobs that were given so far are over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
