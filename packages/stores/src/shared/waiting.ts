/** Resolves after so many milliseconds. Keeps the process alive for whoever waits. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Between four fifths and six fifths of it, by chance, so that processes spread. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.8 + Math.random() * 0.4);
}

/** Times to wait between attempts: twice as long after each, up to a limit, with jitter. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  #next: number;

  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
    this.#next = first;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const milliseconds = this.#next;
    this.#next = Math.min(2 * milliseconds, this.#longest);
    return jittered(milliseconds);
  }

  reset(): void {
    this.#next = this.#first;
  }
}

/**
 * Keeps the process alive for whoever waits. Rejects with what `late` makes when a promise has not settled in so many
 * milliseconds.
 */
export function withDeadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
