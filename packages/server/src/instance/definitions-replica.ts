import type {
  Attribution,
  Clock,
  CompileOptions,
  DefinitionSource,
  HalyardError,
  LoadReport,
  LoadResult,
  Override,
  OverrideSet,
  Snapshot,
  Store,
  StoreNotice,
  WriteResult,
} from "@halyard/core";
import type { Failure } from "./failures.ts";
import { FollowedSources, SERVED } from "./followed-sources.ts";
import { Intake } from "./intake.ts";
import type { LastKnownGood } from "./last-known-good.ts";
import type { Log } from "./log.ts";
import type { ReloadEvent } from "./options.ts";
import { offline } from "./refusals.ts";
import type { Serving } from "./serving.ts";
import { type Documents, endAll, isStore } from "./source-calls.ts";
import { type PlannedChanges, type Preview, StoreWrites } from "./store-writes.ts";

export interface ReplicaOptions {
  readonly compile: Omit<CompileOptions, "previous" | "version"> & { readonly clock: Clock };
  /** Milliseconds between reads of sources that tell of no changes. */
  readonly refreshInterval: number;
  /** Where a copy of what serves is kept for the next start. */
  readonly lastKnownGood: LastKnownGood | undefined;
  /** Nothing is asked that has to be waited for. */
  readonly isOffline: boolean;
  readonly log: Log;
  readonly onReload: (event: ReloadEvent) => void;
  /** Another snapshot serves. */
  readonly onSwap: () => void;
  /** What a store tells of, for those who hold parts of it. */
  readonly onNotice: (notice: StoreNotice) => void;
  /** The overrides for everybody as they apply to these definitions. */
  readonly overridesFor: (
    snapshot: Snapshot,
    stored: readonly Override[],
  ) => OverrideSet | undefined;
}

/**
 * The definitions of all sources, replicated into this process. New ones are checked and compiled
 * aside and swapped in whole; bad ones change nothing but the health.
 *
 * Sources are read side by side. What they give is taken over in one queue, which writes go
 * through as well: checking a write, making it and serving it are one step.
 */
export class DefinitionsReplica {
  readonly sources: readonly DefinitionSource[];
  /** The one that management writes to. */
  readonly store: Store | undefined;
  /** What clients read from, as it is now. */
  readonly serving: Serving;
  readonly #options: ReplicaOptions;
  readonly #followed: FollowedSources;
  readonly #intake: Intake;
  readonly #writes: StoreWrites;

  constructor(sources: readonly DefinitionSource[], options: ReplicaOptions) {
    this.sources = sources;
    this.store = sources.find(isStore);
    this.#options = options;
    this.#followed = new FollowedSources(sources, options.refreshInterval, {
      arrived: (_, what) => this.#intake.takeOver(what),
      failed: ({ name }, error, what) => this.#intake.degrade(name, error, what),
      noticed: (_, notice) => options.onNotice(notice),
    });
    this.#intake = new Intake(this.#followed, options);
    this.serving = this.#intake.serving;
    this.#writes = new StoreWrites(this.#followed, this.#intake);
  }

  get snapshot(): Snapshot {
    return this.serving.snapshot;
  }

  get report(): LoadReport {
    return this.serving.report;
  }

  /** Epoch milliseconds of the last successful load. */
  get lastRefresh(): number | undefined {
    return this.serving.lastRefresh;
  }

  /** Why the definitions that serve are not the newest ones. */
  get lastError(): Failure | undefined {
    return this.serving.lastError;
  }

  get closed(): boolean {
    return this.#intake.closed;
  }

  /** Whether every source has been loaded. */
  get complete(): boolean {
    return (
      this.#intake.begun &&
      this.#followed.complete &&
      !this.#followed.all.some((each) => each.isRecalled)
    );
  }

  /** Whether the store, if there is one, has said which overrides there are for everybody. */
  get knowsOverrides(): boolean {
    return this.store === undefined || this.#followed.of(this.store)?.latest !== undefined;
  }

  /**
   * Loads what can be had without waiting. Throws what is wrong with it. Gives whether that was
   * everything; while it was not, what serves counts as stale.
   */
  startNow(): boolean {
    const ready = this.#followed.all.filter(({ source }) => source.readSync !== undefined);
    for (const follower of ready) follower.readNow();
    const whole = ready.length === this.#followed.all.length;
    if (ready.length === 0 && !whole) return false;
    const { latest } = this.#followed;
    const loaded = this.#intake.loader.loadNow(
      this.#followed.inputs(latest),
      this.snapshot,
      !whole,
    );
    if (loaded === undefined) return false;
    this.#followed.serve(latest);
    if (whole) this.#intake.begin();
    this.#intake.adopt(loaded, !whole);
    return whole;
  }

  /** Reads what {@link startNow} could not. Resolves, whatever comes of it, once all has answered. */
  async start(): Promise<void> {
    const waiting = this.#followed.all.filter(({ latest }) => latest === undefined);
    if (this.#options.isOffline) {
      const names = waiting.map(({ name }) => name);
      return this.startWithout(offline(names));
    }
    await Promise.all(waiting.map((follower) => follower.readFirst()));
    await this.#begin();
  }

  /** Serves what the sources have given so far; the others count as failed until they answer. */
  async startWithout(reason: HalyardError): Promise<void> {
    for (const { name } of this.#followed.all.filter(({ latest }) => latest === undefined)) {
      this.#intake.degrade(name, reason, [name]);
    }
    await this.#begin();
  }

  async #begin(): Promise<void> {
    if (this.#intake.begun) return this.#intake.queue.idle();
    this.#intake.begin();
    this.#recall();
    if (this.#followed.all.some(({ latest }) => latest !== undefined)) this.#intake.takeOver([]);
    await this.#intake.queue.idle();
  }

  /** What could not be had serves as it was when it was had last. */
  #recall(): void {
    const missing = this.#followed.all.filter(({ latest }) => latest === undefined);
    const { lastKnownGood, log } = this.#options;
    if (missing.length === 0 || lastKnownGood === undefined) return;
    const kept = lastKnownGood.read();
    for (const follower of missing) {
      const contents = kept.get(follower.name);
      if (contents === undefined) continue;
      follower.recall(contents);
      log.warn(`${follower.name} can't be had, so what it gave last, which was kept, serves.`);
    }
  }

  /** Follows the sources' changes from here on. */
  watch(): void {
    for (const follower of this.#followed.all) {
      if (!this.#options.isOffline || follower.source.readSync !== undefined) follower.watch();
    }
  }

  /** What a document would come to, before all that serves. */
  examine(document: unknown): Promise<LoadResult> {
    const own = { source: "request", documents: [{ name: "request", document }] };
    return this.#intake.loader.examine([own, ...this.#followed.inputs(SERVED)]);
  }

  /** The documents of a source that writes are made to. */
  documentsOf(source: DefinitionSource): Documents {
    return this.#followed.of(source)?.latest?.documents ?? [];
  }

  /** The version of the store that this process has seen its definitions of. */
  get storeVersion(): number | undefined {
    return this.store && this.#followed.of(this.store)?.latest?.version;
  }

  /** The versions of the store's segments; `undefined` where it does not tell. */
  get segmentVersions(): ReadonlyMap<string, number> | undefined {
    return this.store && this.#followed.of(this.store)?.latest?.segmentVersions;
  }

  /**
   * Makes all changes in the store, or none, and resolves once reads see them. `plan` is asked for
   * them when it is their turn, so that it sees what the write before left. Definitions are
   * checked first, with what is in the other sources: `INVALID_DEFINITIONS` and nothing written.
   */
  write<T extends PlannedChanges>(
    store: Store,
    plan: () => T,
    by: Attribution,
  ): Promise<{ readonly plan: T; readonly result: WriteResult | undefined }> {
    return this.#writes.write(store, plan, by);
  }

  /** What {@link write} would be about to write: checked, as of now, and not written. */
  preview<T extends PlannedChanges>(store: Store, plan: () => T): Promise<Preview<T>> {
    return this.#writes.preview(store, plan);
  }

  /** Makes a snapshot with the overrides of now; clients that exist keep theirs. */
  applyOverrides(): void {
    this.serving.applyOverrides();
  }

  /** Waits for what is under way, and ends everything. */
  async close(): Promise<void> {
    this.#intake.close();
    const stops = this.#followed.all.flatMap((follower) => follower.close() ?? []);
    await endAll(stops, this.#options.log);
    await this.#intake.queue.idle();
    await this.#options.lastKnownGood?.close();
    const { store } = this;
    if (store !== undefined) await endAll([() => store.close()], this.#options.log);
  }
}
