import { type Actor, type OverrideChange, type StoredLayer, scopeKey } from "@halyard/core";
import type { Log } from "./log.ts";
import { messageOf } from "./log.ts";
import type { RuntimeState } from "./runtime-state.ts";

/** Milliseconds between two sweeps; at most half as much again by chance. */
const INTERVAL = 60_000;

/** Overrides of one write. */
const BATCH = 500;

/** Who removes what has expired. */
export const SWEEP: Actor = Object.freeze({
  id: "halyard",
  type: "service",
  name: "sweep of what has expired",
});

/** Removes overrides that have expired, now and then, and has that in the audit. */
export class ExpirySweep {
  readonly #state: RuntimeState;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(state: RuntimeState, log: Log) {
    this.#state = state;
    this.#log = log;
    this.#schedule();
  }

  /** Removes what has expired by now. Gives how many. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (;;) {
      const expiredAt = this.#state.clock();
      const { items } = await this.#state.read((store) =>
        store.listOverrides({ expiredAt }, { limit: BATCH }),
      );
      if (items.length === 0 || this.#closed) return removed;
      const changes = items.map(
        ({ flagKey, layer, scope }): OverrideChange => ({
          what: "override",
          flagKey,
          layer: layer as StoredLayer,
          scope: scopeKey(scope),
          put: "expired",
        }),
      );
      const { changed } = await this.#state.write(() => changes, { actor: SWEEP }, "");
      const count = changed.filter(Boolean).length;
      removed += count;
      // Somebody else removes them.
      if (count === 0) return removed;
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#running = this.sweep()
          .then((count) => {
            if (count > 0) this.#log.info(`Removed ${count} overrides that had expired.`);
          })
          .catch((error: unknown) => {
            if (this.#closed) return;
            this.#log.warn(`Overrides that have expired can't be removed now: ${messageOf(error)}`);
          })
          .finally(() => this.#schedule());
      },
      INTERVAL * (1 + Math.random() / 2),
    ).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
