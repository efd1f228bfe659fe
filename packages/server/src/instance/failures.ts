import { type Clock, HalyardError } from "@halyard/core";
import { messageOf } from "./log.ts";

/** Why a source can't be used as it is. */
export interface Failure {
  readonly error: Error;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What is wrong now, by the source's name. */
export class Failures {
  readonly #clock: Clock;
  readonly #byName = new Map<string, Failure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byName.size;
  }

  get last(): Failure | undefined {
    return [...this.#byName.values()].at(-1);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** `isNew`: the source was well before, or failed otherwise. */
  add(name: string, thrown: unknown): { readonly failure: Failure; readonly isNew: boolean } {
    const error =
      thrown instanceof Error ? thrown : new HalyardError("SOURCE_READ_FAILED", messageOf(thrown));
    const isNew = this.#byName.get(name)?.error.message !== error.message;
    const failure = { error, at: this.#clock() };
    this.#byName.delete(name);
    this.#byName.set(name, failure);
    return { failure, isNew };
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }
}
