import { HalyardError } from "@halyard/core";

/** Why a source, or the load of all of them, failed. */
export interface Failure {
  readonly error: Error;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** In the place of a source's name when the sources together were refused. */
export const LOADING = "";

/** What is wrong now, by the source's name. */
export class Failures {
  readonly #byName = new Map<string, Failure>();

  get size(): number {
    return this.#byName.size;
  }

  get last(): Failure | undefined {
    return [...this.#byName.values()].at(-1);
  }

  get(name: string): Failure | undefined {
    return this.#byName.get(name);
  }

  add(name: string, thrown: unknown): Error {
    const error =
      thrown instanceof Error ? thrown : new HalyardError("SOURCE_READ_FAILED", String(thrown));
    this.#byName.delete(name);
    this.#byName.set(name, { error, at: Date.now() });
    return error;
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }
}
