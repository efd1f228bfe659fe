import {
  type Attribution,
  type Clock,
  type CompileOptions,
  type DefinitionSource,
  type HalyardError,
  type LoadReport,
  type LoadResult,
  MAX_CHANGES,
  type Override,
  type OverrideSet,
  type Problem,
  type Snapshot,
  type Store,
  type StoreChange,
  type StoreNotice,
  type WriteResult,
} from "@halyard/core";
import { withDeadline } from "./deadline.ts";
import {
  changesDefinitions,
  isReplicated,
  overridesAfter,
  segmentVersionsAfter,
  withChanges,
} from "./documents.ts";
import type { Failure } from "./failures.ts";
import { FollowedSources, type Picked, SERVED } from "./followed-sources.ts";
import type { LastKnownGood } from "./last-known-good.ts";
import { type Loaded, Loader } from "./loader.ts";
import { type Log, messageOf } from "./log.ts";
import type { ReloadEvent } from "./options.ts";
import { closed, isInvalid, offline, tooMany, unsent } from "./refusals.ts";
import { Serving } from "./serving.ts";
import { type Contents, type Documents, endAll, isStore, writeStore } from "./source-calls.ts";
import type { SourceFollower } from "./source-follower.ts";
import { WorkQueue } from "./work-queue.ts";

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
  /** What a store tells of, for those who hold parts of it. */
  readonly onNotice: (notice: StoreNotice) => void;
  /** The overrides for everybody as they apply to these definitions. */
  readonly overridesFor: (
    snapshot: Snapshot,
    stored: readonly Override[],
  ) => OverrideSet | undefined;
}

/** Milliseconds that a write waits for those before it, when the store hangs. */
const PATIENCE = 10_000;

/** Milliseconds that a store has to give back what was just written. */
const READ_BACK_DEADLINE = 2000;

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
  readonly #options: ReplicaOptions;
  readonly #followed: FollowedSources;
  readonly #loader: Loader;
  readonly #queue = new WorkQueue();
  readonly #serving: Serving;
  /** What has changed and is not taken over yet. */
  #arrived: string[] = [];
  #begun = false;
  #closed = false;

  constructor(sources: readonly DefinitionSource[], options: ReplicaOptions) {
    this.sources = sources;
    this.store = sources.find(isStore);
    this.#options = options;
    this.#followed = new FollowedSources(sources, options.refreshInterval, {
      arrived: (_, what) => this.#takeOver(what),
      failed: ({ name }, error, what) => this.#degrade(name, error, what),
      noticed: (_, notice) => options.onNotice(notice),
    });
    this.#loader = new Loader(options.compile);
    this.#serving = new Serving(options);
  }

  get snapshot(): Snapshot {
    return this.#serving.snapshot;
  }

  get report(): LoadReport {
    return this.#serving.report;
  }

  /** Epoch milliseconds of the last successful load. */
  get lastRefresh(): number | undefined {
    return this.#serving.lastRefresh;
  }

  /** Why the definitions that serve are not the newest ones. */
  get lastError(): Failure | undefined {
    return this.#serving.lastError;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether every source has been loaded. */
  get complete(): boolean {
    return (
      this.#begun && this.#followed.complete && !this.#followed.all.some((each) => each.isRecalled)
    );
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
    const loaded = this.#loader.loadNow(this.#followed.inputs(latest), this.snapshot, !whole);
    if (loaded === undefined) return false;
    this.#followed.serve(latest);
    this.#begun = whole;
    this.#adopt(loaded, !whole);
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
      this.#degrade(name, reason, [name]);
    }
    await this.#begin();
  }

  async #begin(): Promise<void> {
    if (this.#begun) return this.#queue.idle();
    this.#begun = true;
    this.#arrived = [];
    this.#recall();
    if (this.#followed.all.some(({ latest }) => latest !== undefined)) this.#takeOver([]);
    await this.#queue.idle();
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
    return this.#loader.examine([own, ...this.#followed.inputs(SERVED)]);
  }

  /** The documents of a source that writes are made to. */
  documentsOf(source: DefinitionSource): Documents {
    return this.#followed.of(source)?.latest?.documents ?? [];
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
    const until = performance.now() + PATIENCE;
    return this.#queue.run(async () => {
      if (performance.now() > until) throw unsent(store.name);
      const { planned, follower, documents, others } = await this.#plan(store, plan);
      const { changes } = planned;
      if (changes.length === 0) return { plan: planned, result: undefined };
      const result = await writeStore(store, changes, by);
      if (result.changed.includes(true) && changes.some(isReplicated)) {
        const before = follower.latest?.overrides ?? [];
        const overrides = overridesAfter(before, changes, by, result);
        const versions = follower.latest?.segmentVersions;
        const segmentVersions = segmentVersionsAfter(versions, changes, result);
        await this.#seeWritten(follower, { documents, overrides, segmentVersions }, others, result);
      }
      return { plan: planned, result };
    });
  }

  /** What {@link write} would be about to write: checked, as of now, and not written. */
  preview<T extends PlannedChanges>(store: Store, plan: () => T): Promise<Preview<T>> {
    return this.#queue.run(async () => {
      let planned: T | undefined;
      try {
        await this.#plan(store, () => {
          planned = plan();
          return planned;
        });
      } catch (error) {
        if (planned === undefined || !isInvalid(error)) throw error;
        return { plan: planned, problems: error.problems };
      }
      return { plan: planned as T, problems: [] };
    });
  }

  async #plan<T extends PlannedChanges>(store: Store, plan: () => T) {
    if (this.#closed) throw closed();
    const planned = plan();
    const { changes } = planned;
    if (changes.length > MAX_CHANGES) throw tooMany(changes.length);
    const follower = this.#followed.of(store);
    if (follower === undefined) throw new TypeError(`${store.name} is not followed`);
    const documents = withChanges(follower.latest?.documents ?? [], store.name, changes);
    const others = changesDefinitions(changes) ? await this.#check(follower, documents) : SERVED;
    return { planned, follower, documents, others };
  }

  /** Gives what of the other sources the documents can serve with. Rejects when there is none. */
  async #check(follower: SourceFollower, documents: Documents): Promise<Picked> {
    const { latest } = this.#followed;
    const attempt = (others: Picked): Promise<unknown> => {
      const inputs = this.#followed.inputs(others);
      return this.#loader.check(
        inputs.map((one) => (one.source === follower.name ? { ...one, documents } : one)),
      );
    };
    try {
      await attempt(latest);
      return latest;
    } catch (error) {
      if (this.#followed.changed.length === 0) throw error;
      // What is wrong elsewhere does not keep the store from being written.
      await attempt(SERVED);
      return SERVED;
    }
  }

  /** Takes over what was written; what was acknowledged is served, whether or not it can be read. */
  async #seeWritten(
    follower: SourceFollower,
    written: Omit<Contents, "version">,
    others: Picked,
    { version, audit }: WriteResult,
  ): Promise<void> {
    const what = [...new Set(audit.map(({ key }) => key))];
    let failure: unknown;
    try {
      const late = `${follower.name} did not give back in time what was written to it.`;
      const read = follower.readBack(version);
      await withDeadline(read, READ_BACK_DEADLINE, "STORE_READ_FAILED", late);
    } catch (error) {
      failure = error;
      follower.assume({ ...written, version });
    }
    await this.#load(what, new Map(others).set(follower, follower.latest));
    if (failure === undefined) return;
    this.#degrade(follower.name, failure, [follower.name]);
    follower.read();
  }

  /** Makes a snapshot with the overrides of now; clients that exist keep theirs. */
  applyOverrides(): void {
    this.#serving.applyOverrides();
  }

  /** Waits for what is under way, and ends everything. */
  async close(): Promise<void> {
    this.#closed = true;
    const stops = this.#followed.all.flatMap((follower) => follower.close() ?? []);
    await endAll(stops, this.#options.log);
    await this.#queue.idle();
    await this.#options.lastKnownGood?.close();
    const { store } = this;
    if (store !== undefined) await endAll([() => store.close()], this.#options.log);
  }

  /** One load for all that has arrived by the time that it begins. */
  #takeOver(what: readonly string[]): void {
    this.#arrived.push(...what);
    if (!this.#begun) return;
    void this.#queue
      .run(async () => {
        const arrived = [...new Set(this.#arrived.splice(0))];
        if (!this.#closed && this.#followed.changed.length > 0) {
          await this.#load(arrived);
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
  async #load(what: readonly string[], checked?: Picked): Promise<void> {
    const error = await this.#tryLoad(this.#followed.latest, what);
    if (error === undefined) return;
    if (checked !== undefined) await this.#tryLoad(checked, what);
    const { changed } = this.#followed;
    const alone = changed.length === 1 && checked === undefined;
    // One source's mistake does not keep out what others have changed.
    for (const follower of changed) {
      const own = new Map([[follower, follower.latest]]);
      const refusal = alone ? error : await this.#tryLoad(own, what);
      if (refusal !== undefined) this.#degrade(follower.name, refusal, what);
    }
    if (this.#followed.changed.length > 0) this.#serving.takeOverrides(this.#stored());
  }

  /** Loads what was picked, and of other sources what serves. Gives what is wrong. */
  async #tryLoad(picked: Picked, what: readonly string[]): Promise<unknown> {
    const before = this.snapshot;
    let loaded: Loaded;
    try {
      loaded = await this.#loader.load(this.#followed.inputs(picked), before);
    } catch (error) {
      return error;
    }
    for (const { name, isRecalled } of this.#followed.serve(picked)) {
      if (!isRecalled) this.#serving.mend(name);
    }
    this.#adopt(loaded);
    if (what.length > 0) await this.#serving.tellChanges(before, what);
    return undefined;
  }

  #adopt(loaded: Loaded, someMissing = false): void {
    this.#serving.adopt(loaded, this.#stored(), someMissing);
    this.#options.lastKnownGood?.keep(this.#followed.keepable);
  }

  /** Of what sources gave last: overrides are not refused with the definitions beside them. */
  #stored(): readonly Override[] {
    return this.#followed.all.flatMap(({ latest }) => latest?.overrides ?? []);
  }

  #degrade(name: string, error: unknown, files: readonly string[]): void {
    if (!this.#closed) this.#serving.degrade(name, error, files);
  }
}

export interface PlannedChanges {
  readonly changes: readonly StoreChange[];
}

export interface Preview<T extends PlannedChanges> {
  readonly plan: T;
  /** Why the definitions that the changes lead to would be refused. */
  readonly problems: readonly Problem[];
}
