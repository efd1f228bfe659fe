/** Which store this is, and how far it is. */
export interface StoreState {
  /** Made at random with the store; another one, with whatever version, is another store. */
  readonly id: string;
  readonly version: number;
}

/** What is wrong with a store that is there without what says how far it is. */
export const EMPTY =
  "is empty: its tables or keys are there, and what says its version is not. Restore it from a backup.";

/**
 * Knows a store by what was seen of it, so that one that was emptied, restored from a backup or
 * exchanged is a fault, and never taken for news.
 */
export class Lineage {
  #id: string | undefined;
  #version = -1;

  /** The least version that whatever is asked for from now on can have. */
  get floor(): number {
    return this.#version;
  }

  /** Whether anything was seen of the store. */
  get known(): boolean {
    return this.#id !== undefined;
  }

  /**
   * What is wrong with a state that was asked for when the floor was this; `undefined`, and the
   * state is remembered, when nothing is.
   */
  problemOf(state: StoreState | undefined, floor: number): string | undefined {
    if (state === undefined) {
      return this.known
        ? "is empty, and was not before: was it emptied or exchanged? The last good data serve until this process is started anew."
        : EMPTY;
    }
    if (this.#id !== undefined && state.id !== this.#id) {
      return "is another one than before: was it emptied or exchanged? The last good data serve until this process is started anew.";
    }
    if (state.version < floor) {
      return `is at version ${state.version} and was at ${floor} before: was it restored from a backup? The last good data serve until it is ahead again, or this process is started anew.`;
    }
    this.#id = state.id;
    this.#version = Math.max(this.#version, state.version);
    return undefined;
  }
}
