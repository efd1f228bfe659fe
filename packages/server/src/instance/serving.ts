import { emptySnapshot, type LoadReport, type Override, type Snapshot } from "@halyard/core";
import type { ReplicaOptions } from "./definitions-replica.ts";
import { type Failure, Failures } from "./failures.ts";
import type { Loaded } from "./loader.ts";
import { changedKeys, describeReload, NO_REPORT, ReportLog } from "./reload-report.ts";
import { runSliced } from "./run-sliced.ts";

/** What serves now, and what is wrong with it. */
export class Serving {
  readonly #options: ReplicaOptions;
  readonly #failures: Failures;
  readonly #reports: ReportLog;
  #snapshot: Snapshot;
  #report: LoadReport = NO_REPORT;
  /** The overrides of a store that hold for everybody. */
  #stored: readonly Override[] = [];
  #version = 0;
  #lastRefresh: number | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#failures = new Failures(options.compile.clock);
    this.#reports = new ReportLog(options.log);
    this.#snapshot = emptySnapshot(options.compile);
    this.applyOverrides();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The overrides of a store that serve. */
  get stored(): readonly Override[] {
    return this.#stored;
  }

  get report(): LoadReport {
    return this.#report;
  }

  get lastRefresh(): number | undefined {
    return this.#lastRefresh;
  }

  get lastError(): Failure | undefined {
    return this.#failures.last;
  }

  /** Serves other definitions; as stale while some are missing, or anything else is wrong. */
  adopt({ snapshot, report }: Loaded, stored: readonly Override[], someMissing = false): void {
    this.#report = report;
    this.#stored = stored;
    this.#lastRefresh = this.#options.compile.clock();
    const stale = someMissing || this.#failures.size > 0;
    this.#swap(this.#withOverrides({ ...snapshot, stale }));
    this.#reports.log(report);
  }

  /** Tells what is different since `before`, because of what has changed in the sources. */
  async tellChanges(before: Snapshot, files: readonly string[]): Promise<void> {
    const after = this.#snapshot;
    const changed = await runSliced(changedKeys(before, after));
    const { log } = this.#options;
    const line = describeReload(files, changed, after.flags.size);
    if (changed.length === 0) log.debug(line);
    else log.info(line);
    this.#options.onReload({ files, changed });
  }

  /** Makes a snapshot with the overrides of now; clients that exist keep theirs. */
  applyOverrides(): void {
    this.#swap(this.#withOverrides(this.#snapshot));
  }

  /** Serves other overrides of a store, whatever becomes of its definitions. */
  takeOverrides(stored: readonly Override[]): void {
    this.#stored = stored;
    this.applyOverrides();
  }

  /** What was wrong with a source is so no more. */
  mend(name: string): void {
    this.#failures.delete(name);
  }

  /** A source can't be used; the last good definitions go on serving, and say that they are stale. */
  degrade(name: string, error: unknown, files: readonly string[]): void {
    const { failure, isNew } = this.#failures.add(name, error);
    const { ready, stale } = this.#snapshot;
    if (ready && !stale) this.#swap({ ...this.#snapshot, stale: true });
    const names = files.join(", ") || name;
    const serving = ready ? "the last good definitions" : "callers' defaults";
    const message = `${names} can't be used, so ${serving} serve. ${failure.error.message}`;
    if (isNew) {
      this.#options.log.error(message);
      this.#options.onReload({ files, changed: [], error: failure.error });
    } else {
      // The same again, as of a source that is tried every few seconds, is no news.
      this.#options.log.debug(message);
    }
  }

  #withOverrides(snapshot: Snapshot): Snapshot {
    return { ...snapshot, overrides: this.#options.overridesFor(snapshot, this.#stored) };
  }

  #swap(snapshot: Snapshot): void {
    this.#version++;
    this.#snapshot = { ...snapshot, version: this.#version };
    this.#options.onSwap();
  }
}
