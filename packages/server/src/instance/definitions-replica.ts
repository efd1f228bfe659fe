import {
  type CompileOptions,
  compileSnapshot,
  type DefinitionChange,
  type DefinitionSource,
  emptySnapshot,
  type HalyardError,
  invalidDefinitions,
  type LoadReport,
  type LoadResult,
  loadDefinitions,
  type OverrideSet,
  type ParseCache,
  runToEnd,
  type Snapshot,
  type SourceDocuments,
} from "@halyard/core";
import { type Failure, Failures, LOADING } from "./failures.ts";
import type { Log } from "./log.ts";
import type { ReloadEvent } from "./options.ts";
import { type Answer, PatientReader } from "./patient-reader.ts";
import { type PendingRead, PendingReads } from "./pending-reads.ts";
import { changedKeys, describeReload, logReport, NO_REPORT } from "./reload-report.ts";
import { runSliced } from "./run-sliced.ts";
import {
  type Documents,
  endAll,
  readSource,
  readSourceSync,
  type WritableSource,
  watchSource,
  writeSource,
} from "./source-calls.ts";

export interface ReplicaOptions {
  readonly compile: Omit<CompileOptions, "previous" | "version">;
  readonly log: Log;
  readonly onReload: (event: ReloadEvent) => void;
  /** System-wide overrides as they apply to these definitions. */
  readonly overridesFor: (snapshot: Snapshot) => OverrideSet | undefined;
}

/**
 * The definitions of all sources, replicated into this process. New ones are checked and
 * compiled aside and swapped in whole; bad ones change nothing but the health.
 */
export class DefinitionsReplica {
  readonly sources: readonly DefinitionSource[];
  readonly #options: ReplicaOptions;
  readonly #documents = new Map<DefinitionSource, Documents>();
  readonly #cache: ParseCache = new WeakMap();
  readonly #stops: (() => unknown)[] = [];
  readonly #pending = new PendingReads();
  #snapshot: Snapshot;
  #report: LoadReport = NO_REPORT;
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #begun = false;
  #closed = false;
  #version = 0;
  readonly #failures = new Failures();
  readonly #reader = new PatientReader((source, answer) => this.#takeLate(source, answer));
  #lastRefresh: number | undefined;

  constructor(sources: readonly DefinitionSource[], options: ReplicaOptions) {
    this.sources = sources;
    this.#options = options;
    this.#snapshot = emptySnapshot(options.compile);
    this.applyOverrides();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get report(): LoadReport {
    return this.#report;
  }

  /** Epoch milliseconds of the last successful load. */
  get lastRefresh(): number | undefined {
    return this.#lastRefresh;
  }

  /** Why the definitions that serve are not the newest ones. */
  get lastError(): Failure | undefined {
    return this.#failures.last;
  }

  /** Why what was last written to a source does not serve. */
  failureOf(source: DefinitionSource): Failure | undefined {
    return this.#failures.get(source.name) ?? this.#failures.get(LOADING);
  }

  /** Loads everything without waiting. Throws what is wrong. `false`: a source needs waiting for. */
  startSync(): boolean {
    if (this.sources.some((source) => source.readSync === undefined)) return false;
    for (const source of this.sources) this.#documents.set(source, readSourceSync(source));
    const steps = loadDefinitions(this.#inputs(), this.#parseOptions());
    this.#adopt(runToEnd(steps), (set) => runToEnd(compileSnapshot(set, this.#compileOptions())));
    return true;
  }

  /**
   * Loads everything; rejects with what is wrong, while what could be had serves. Changes that are
   * announced meanwhile wait.
   */
  async start(): Promise<void> {
    this.#working = true;
    const errors: unknown[] = [];
    const read = async (source: DefinitionSource): Promise<void> => {
      try {
        const documents = await readSource(source);
        if (!this.#begun) this.#documents.set(source, documents);
        else this.#queue(source, [source.name], documents);
      } catch (error) {
        errors.push(error);
        this.#degrade(source.name, error, [source.name]);
      }
    };
    await Promise.all(this.sources.map(read));
    await this.#begin().catch((error: unknown) => errors.push(error));
    await this.#work;
    if (errors.length > 0) throw errors[0];
  }

  /** Serves what the sources have given so far; the others count as failed until they answer. */
  async startWithout(reason: HalyardError): Promise<void> {
    for (const { name } of this.sources.filter((source) => !this.#documents.has(source))) {
      this.#degrade(name, reason, [name]);
    }
    await this.#begin().catch(() => undefined);
  }

  /** The first load, once; changes are taken over from then on. */
  async #begin(): Promise<void> {
    if (this.#begun || this.#closed) return;
    this.#begun = true;
    try {
      if (this.#documents.size > 0) await this.#load();
    } catch (error) {
      this.#degrade(LOADING, error, []);
      throw error;
    } finally {
      this.#work = this.#drain();
    }
  }

  /** Follows the sources' changes from here on. */
  watch(): void {
    for (const source of this.sources) {
      const stop = watchSource(source, {
        onChange: (what) => this.#queue(source, what),
        onError: (error) => this.#degrade(source.name, error, [source.name]),
      });
      if (stop !== undefined) this.#stops.push(stop);
    }
  }

  /** Loads with other documents in the place of a source's: which flags a write would lead to. */
  async check(source: DefinitionSource, documents: Documents): Promise<LoadReport["owners"]> {
    const others = this.#inputs();
    const inputs = others.map((one) => (one.source === source.name ? { ...one, documents } : one));
    const result = await runSliced(loadDefinitions(inputs, this.#parseOptions()));
    if (result.set === undefined) throw invalidDefinitions(result.problems);
    return result.owners;
  }

  /** The documents of a source as they were last read. */
  documentsOf(source: DefinitionSource): Documents {
    return this.#documents.get(source) ?? [];
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Writes one change, and resolves once it has been read back and taken over. */
  async write(source: WritableSource, change: DefinitionChange): Promise<void> {
    const before = this.#documents.get(source);
    await writeSource(source, change);
    await this.#work;
    // The source announces its changes later, or not at all.
    if (this.#documents.get(source) === before) this.#queue(source, [change.key]);
    await this.#work;
  }

  /** Makes a snapshot with the system-wide overrides of now; clients that exist keep theirs. */
  applyOverrides(): void {
    this.#swap({ ...this.#snapshot, overrides: this.#options.overridesFor(this.#snapshot) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reader.end();
    await endAll(this.#stops.splice(0), this.#options.log);
    await this.#work;
  }

  #queue(...announced: Parameters<PendingReads["add"]>): void {
    if (this.#closed) return;
    this.#pending.add(...announced);
    if (this.#working) return;
    this.#working = true;
    this.#work = this.#drain();
  }

  /** One reload at a time; what changes meanwhile is read in the next round. */
  async #drain(): Promise<void> {
    while (!this.#closed) {
      const pending = this.#pending.take((source) => !this.#reader.isHanging(source));
      if (pending.length === 0) break;
      const files = pending.flatMap(([, { names }]) => [...names]);
      const read = await Promise.all(pending.map(([source, what]) => this.#read(source, what)));
      if (this.#closed || !read.includes(true)) continue;
      try {
        const before = this.#snapshot;
        await this.#load();
        const after = this.#snapshot;
        const changed = await runSliced(changedKeys(before, after));
        this.#options.log.info(describeReload(files, changed, after.flags.size));
        this.#options.onReload({ files, changed });
      } catch (error) {
        this.#degrade(LOADING, error, files);
      }
    }
    this.#working = false;
  }

  async #read(source: DefinitionSource, { names, documents }: PendingRead): Promise<boolean> {
    const answer = documents === undefined ? await this.#reader.read(source) : { documents };
    if ("documents" in answer) {
      this.#documents.set(source, answer.documents);
      this.#failures.delete(source.name);
      return true;
    }
    this.#degrade(source.name, answer.error, [...names]);
    return false;
  }

  /** An answer that was given up, and what was announced since, which it may not hold. */
  async #takeLate(source: DefinitionSource, answer: Answer): Promise<void> {
    const announced = this.#pending.withdraw(source);
    if ("documents" in answer) this.#queue(source, [source.name], answer.documents);
    else this.#degrade(source.name, answer.error, [source.name]);
    await this.#work;
    if (announced.length > 0) this.#queue(source, announced);
  }

  async #load(): Promise<void> {
    const result = await runSliced(loadDefinitions(this.#inputs(), this.#parseOptions()));
    if (result.set === undefined) throw invalidDefinitions(result.problems);
    const compiled = await runSliced(compileSnapshot(result.set, this.#compileOptions()));
    this.#adopt(result, () => compiled);
  }

  #adopt(result: LoadResult, compile: (set: NonNullable<LoadResult["set"]>) => Snapshot): void {
    if (result.set === undefined) throw invalidDefinitions(result.problems);
    const snapshot = compile(result.set);
    this.#report = result;
    this.#failures.delete(LOADING);
    this.#lastRefresh = Date.now();
    const stale = this.#failures.size > 0;
    this.#swap({ ...snapshot, stale, overrides: this.#options.overridesFor(snapshot) });
    logReport(this.#options.log, result);
  }

  #swap(snapshot: Snapshot): void {
    this.#version++;
    this.#snapshot = { ...snapshot, version: this.#version };
  }

  /** The last good definitions go on serving, and say that they are stale. */
  #degrade(what: string, error: unknown, files: readonly string[]): void {
    if (this.#closed) return;
    const cause = this.#failures.add(what, error);
    if (this.#snapshot.ready && !this.#snapshot.stale)
      this.#swap({ ...this.#snapshot, stale: true });
    const names = files.join(", ") || "The definitions";
    const serving = this.#snapshot.ready ? "the last good definitions" : "callers' defaults";
    this.#options.log.error(`${names} can't be used, so ${serving} serve. ${cause.message}`);
    this.#options.onReload({ files, changed: [], error: cause });
  }

  #inputs(): readonly SourceDocuments[] {
    return this.sources.map((source) => ({
      source: source.name,
      documents: this.#documents.get(source) ?? [],
    }));
  }

  #parseOptions() {
    return { regexEngine: this.#options.compile.regexEngine, cache: this.#cache };
  }

  #compileOptions(): CompileOptions {
    const previous = this.#snapshot.ready ? this.#snapshot : undefined;
    return { ...this.#options.compile, previous };
  }
}
