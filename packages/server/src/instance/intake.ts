import type { Override } from "@halyard/core";
import type { ReplicaOptions } from "./definitions-replica.ts";
import type { FollowedSources, Picked } from "./followed-sources.ts";
import { type Loaded, Loader } from "./loader.ts";
import { messageOf } from "./log.ts";
import { Serving } from "./serving.ts";
import { WorkQueue } from "./work-queue.ts";

/**
 * Takes over what sources give: it is checked and compiled aside and swapped in whole; bad
 * definitions change nothing but the health. All in one queue, which writes go through as well.
 */
export class Intake {
  readonly queue: WorkQueue = new WorkQueue();
  readonly loader: Loader;
  readonly serving: Serving;
  readonly #options: ReplicaOptions;
  readonly #followed: FollowedSources;
  /** What has changed and is not taken over yet. */
  #arrived: string[] = [];
  #begun = false;
  #isHeld = false;
  #closed = false;

  constructor(followed: FollowedSources, options: ReplicaOptions) {
    this.#followed = followed;
    this.#options = options;
    this.loader = new Loader(options.compile);
    this.serving = new Serving(options);
  }

  /** Whether what arrives is taken over. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Takes over what arrives from here on. */
  begin(): void {
    this.#begun = true;
    this.#arrived = [];
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Takes nothing over any more. What is under way is waited for in the queue. */
  close(): void {
    this.#closed = true;
  }

  /** Waits for a store that makes a write, and may hang over it; called in the queue. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#isHeld = true;
    try {
      return await work();
    } finally {
      this.#isHeld = false;
    }
  }

  /** Emergencies do not wait behind such a write: they serve as soon as they are known. */
  #takeEmergencies(): void {
    const stored = this.#stored();
    if (emergenciesIn(stored) === emergenciesIn(this.serving.stored)) return;
    this.serving.takeOverrides(stored);
  }

  /** One load for all that has arrived by the time that it begins. */
  takeOver(what: readonly string[]): void {
    this.#arrived.push(...what);
    if (!this.#begun) return;
    if (this.#isHeld && !this.#closed) this.#takeEmergencies();
    void this.queue
      .run(async () => {
        const arrived = [...new Set(this.#arrived.splice(0))];
        if (!this.#closed && this.#followed.changed.length > 0) {
          await this.load(arrived);
        }
      })
      .catch((error: unknown) => {
        // A fault of Halyard's own, which nobody waits for.
        this.#options.log.error(`What the sources gave can't be taken over: ${messageOf(error)}`);
      });
  }

  /**
   * Loads what the sources gave last or, when that can't serve, `checked`, which can. Never rejects:
   * what is wrong is told, and the last good definitions go on serving.
   */
  async load(what: readonly string[], checked?: Picked): Promise<void> {
    const error = await this.#tryLoad(this.#followed.latest, what);
    if (error === undefined) return;
    if (checked !== undefined) await this.#tryLoad(checked, what);
    const { changed } = this.#followed;
    const alone = changed.length === 1 && checked === undefined;
    // One source's mistake does not keep out what others have changed.
    for (const follower of changed) {
      const own = new Map([[follower, follower.latest]]);
      const refusal = alone ? error : await this.#tryLoad(own, what);
      if (refusal !== undefined) this.degrade(follower.name, refusal, what);
    }
    if (this.#followed.changed.length > 0) this.serving.takeOverrides(this.#stored());
  }

  /** Loads what was picked, and of other sources what serves. Gives what is wrong. */
  async #tryLoad(picked: Picked, what: readonly string[]): Promise<unknown> {
    const before = this.serving.snapshot;
    let loaded: Loaded;
    try {
      loaded = await this.loader.load(this.#followed.inputs(picked), before);
    } catch (error) {
      return error;
    }
    for (const { name, isRecalled } of this.#followed.serve(picked)) {
      if (!isRecalled) this.serving.mend(name);
    }
    this.adopt(loaded);
    if (what.length > 0) await this.serving.tellChanges(before, what);
    return undefined;
  }

  /** Serves what was loaded, and has it kept for the next start. */
  adopt(loaded: Loaded, someMissing = false): void {
    this.serving.adopt(loaded, this.#stored(), someMissing);
    // What is missing may still come: what is kept of it is not looked for before.
    if (!someMissing) this.#options.lastKnownGood?.keep(this.#followed.keepable);
  }

  /** Of what sources gave last: overrides are not refused with the definitions beside them. */
  #stored(): readonly Override[] {
    return this.#followed.all.flatMap(({ latest }) => latest?.overrides ?? []);
  }

  /** A source can't be used as it is now. */
  degrade(name: string, error: unknown, files: readonly string[]): void {
    if (!this.#closed) this.serving.degrade(name, error, files);
  }
}

/** Equal for the same emergencies. */
function emergenciesIn(overrides: readonly Override[]): string {
  const emergencies = overrides.filter(({ layer }) => layer === "emergency");
  return JSON.stringify(emergencies.map(({ flagKey, version }) => [flagKey, version]));
}
