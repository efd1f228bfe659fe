import {
  type CompileOptions,
  compileSnapshot,
  type DefinitionDocument,
  type DefinitionSource,
  emptySnapshot,
  formatProblem,
  HalyardError,
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
import type { Log } from "./log.ts";
import type { ReloadEvent } from "./options.ts";
import { runSliced } from "./run-sliced.ts";

export interface ReplicaOptions {
  readonly compile: Omit<CompileOptions, "previous" | "version">;
  readonly log: Log;
  readonly onReload: (event: ReloadEvent) => void;
  /** System-wide overrides as they apply to these definitions. */
  readonly overridesFor: (snapshot: Snapshot) => OverrideSet | undefined;
}

/** Why a source, or the load of all of them, failed. */
export interface Failure {
  readonly error: Error;
  /** Epoch milliseconds. */
  readonly at: number;
}

const LOADING = "";

const NO_REPORT: LoadReport = { warnings: [], owners: new Map(), shadowed: [] };

/**
 * The definitions of all sources, replicated into this process. New ones are checked and
 * compiled aside and swapped in whole; bad ones change nothing but the health.
 */
export class DefinitionsReplica {
  readonly sources: readonly DefinitionSource[];
  readonly #options: ReplicaOptions;
  readonly #documents = new Map<DefinitionSource, readonly DefinitionDocument[]>();
  readonly #cache: ParseCache = new WeakMap();
  readonly #stops: (() => void | Promise<void>)[] = [];
  /** Sources that have something to read, and what they said has changed. */
  readonly #pending = new Map<DefinitionSource, Set<string>>();
  #snapshot: Snapshot;
  #report: LoadReport = NO_REPORT;
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #closed = false;
  #version = 0;
  /** By the source's name, or {@link LOADING} when the sources together were refused. */
  readonly #failures = new Map<string, Failure>();
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
    return [...this.#failures.values()].at(-1);
  }

  /** Loads everything without waiting. Throws what is wrong. `false`: a source needs waiting for. */
  startSync(): boolean {
    if (this.sources.some((source) => source.readSync === undefined)) return false;
    for (const source of this.sources) this.#documents.set(source, source.readSync?.() ?? []);
    const steps = loadDefinitions(this.#inputs(), this.#parseOptions());
    this.#adopt(runToEnd(steps), (set) => runToEnd(compileSnapshot(set, this.#compileOptions())));
    return true;
  }

  /** Loads everything; rejects with what is wrong. */
  async start(): Promise<void> {
    await Promise.all(
      this.sources.map(async (source) => this.#documents.set(source, await source.read())),
    );
    await this.#load();
  }

  /** Follows the sources' changes from here on. */
  watch(): void {
    for (const source of this.sources) {
      const stop = source.watch?.({
        onChange: (what) => this.#queue(source, what),
        onError: (error) => this.#degrade(source.name, error, [source.name]),
      });
      if (stop !== undefined) this.#stops.push(stop);
    }
  }

  /** Loads with other documents in the place of a source's: what a write would lead to. */
  async check(source: DefinitionSource, documents: readonly DefinitionDocument[]): Promise<void> {
    const inputs = this.#inputs().map((input) =>
      input.source === source.name ? { ...input, documents } : input,
    );
    const result = await runSliced(loadDefinitions(inputs, this.#parseOptions()));
    if (result.set === undefined) throw invalidDefinitions(result.problems);
  }

  /** The documents of a source as they were last read. */
  documentsOf(source: DefinitionSource): readonly DefinitionDocument[] {
    return this.#documents.get(source) ?? [];
  }

  /** Resolves once all changes that were announced so far have been taken over, or refused. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Makes a snapshot with the system-wide overrides of now; clients that exist keep theirs. */
  applyOverrides(): void {
    const { snapshot } = this;
    this.#swap({ ...snapshot, overrides: this.#options.overridesFor(snapshot) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
    await this.#work;
  }

  #queue(source: DefinitionSource, what: readonly string[]): void {
    if (this.#closed) return;
    const names = this.#pending.get(source) ?? new Set();
    for (const name of what) names.add(name);
    this.#pending.set(source, names);
    if (this.#working) return;
    this.#working = true;
    this.#work = this.#drain();
  }

  /** One reload at a time; what changes meanwhile is read in the next round. */
  async #drain(): Promise<void> {
    while (this.#pending.size > 0 && !this.#closed) {
      const pending = [...this.#pending];
      this.#pending.clear();
      const files = pending.flatMap(([, names]) => [...names]);
      const read = await Promise.all(
        pending.map(([source, names]) => this.#read(source, [...names])),
      );
      if (this.#closed || !read.includes(true)) continue;
      try {
        const before = this.#snapshot;
        await this.#load();
        const changed = changedKeys(before, this.#snapshot);
        this.#options.log.info(describeReload(files, changed, this.#snapshot.flags.size));
        this.#options.onReload({ files, changed });
      } catch (error) {
        this.#degrade(LOADING, error, files);
      }
    }
    this.#working = false;
  }

  async #read(source: DefinitionSource, files: readonly string[]): Promise<boolean> {
    try {
      this.#documents.set(source, await source.read());
      this.#failures.delete(source.name);
      return true;
    } catch (error) {
      this.#degrade(source.name, error, files);
      return false;
    }
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
    const { log } = this.#options;
    for (const warning of result.warnings) log.warn(formatProblem(warning));
    for (const { key, source, by } of result.shadowed) {
      log.warn(`Flag "${key}" of ${source} is not heard: ${by} defines it too and comes first.`);
    }
  }

  #swap(snapshot: Snapshot): void {
    this.#version++;
    this.#snapshot = { ...snapshot, version: this.#version };
  }

  /** The last good definitions go on serving, and say that they are stale. */
  #degrade(what: string, error: unknown, files: readonly string[]): void {
    if (this.#closed) return;
    const cause =
      error instanceof Error ? error : new HalyardError("SOURCE_READ_FAILED", String(error));
    this.#failures.delete(what);
    this.#failures.set(what, { error: cause, at: Date.now() });
    if (this.#snapshot.ready && !this.#snapshot.stale)
      this.#swap({ ...this.#snapshot, stale: true });
    const names = files.length === 0 ? "The definitions" : files.join(", ");
    this.#options.log.error(
      `${names} can't be used; the last good definitions go on serving. ${cause.message}`,
    );
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

/** Flags that were added, removed, or whose definition is another. */
function changedKeys(before: Snapshot, after: Snapshot): string[] {
  const changed: string[] = [];
  for (const [key, { flag }] of after.flags) {
    const old = before.flags.get(key)?.flag;
    if (old !== flag && JSON.stringify(old) !== JSON.stringify(flag)) changed.push(key);
  }
  for (const key of before.flags.keys()) if (!after.flags.has(key)) changed.push(key);
  return changed;
}

/** How many keys a log line names. */
const NAMED = 10;

function describeReload(
  files: readonly string[],
  changed: readonly string[],
  total: number,
): string {
  const more = changed.length > NAMED ? `, and ${changed.length - NAMED} more` : "";
  const names = changed.length === 0 ? "no flag" : `${changed.slice(0, NAMED).join(", ")}${more}`;
  return `Reloaded ${files.join(", ")}: ${names} changed, ${total} flags loaded.`;
}
