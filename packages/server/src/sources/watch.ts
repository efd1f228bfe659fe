import { HalyardError, type SourceListener } from "@halyard/core";
import { DirectoryWatchers } from "./directory-watchers.ts";
import { type ConfiguredPath, type Discovery, discover } from "./discover.ts";
import { hintsOf } from "./hints.ts";
import { runAsync } from "./io.ts";
import { changedFiles, type Signatures, takeSignatures } from "./signature.ts";

export interface WatchOptions {
  readonly paths: readonly ConfiguredPath[];
  /** Milliseconds without events after which the files are looked at. */
  readonly debounce: number;
  /** Milliseconds between looks without any event; 0: none. */
  readonly pollInterval: number;
  /** The files as they were last read; absent when they have not been. */
  readonly known: Signatures | undefined;
  /** Whether the last read failed in a way that may pass by itself. */
  readonly needsRead: () => boolean;
}

/** Milliseconds. A stream of events that does not end delays a look no longer than this. */
const MAX_DELAY = 1_000;

/** How often directories that were made or replaced under our hands are gone through again. */
const ROUNDS = 5;

/**
 * Watches files for changes. Events of the file system are taken as hints only, for they differ
 * between systems, get lost, and do not exist on network file systems; what counts is whether the
 * files' signatures are still the same, which is looked up after a hint and every few seconds.
 * Keeps no process alive. Returns what ends it; nothing is called after that.
 */
export function watchFiles(options: WatchOptions, listener: SourceListener): () => void {
  const watch = new FileWatch(options, listener);
  return () => watch.stop();
}

class FileWatch {
  readonly #options: WatchOptions;
  readonly #listener: SourceListener;
  readonly #directories: DirectoryWatchers;
  #known: Signatures | undefined;
  /** What was last told to be wrong; told once, until it passes or is something else. */
  #fault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the first hint came that has not been followed yet, by the monotonic clock. */
  #hinted: number | undefined;
  #looking = false;
  #stopped = false;

  constructor(options: WatchOptions, listener: SourceListener) {
    this.#options = options;
    this.#listener = listener;
    this.#known = options.known;
    this.#directories = new DirectoryWatchers(
      () => this.#hint(),
      (error) => this.#tellLimit(error),
    );
    // At once: the files may have changed between the read and now.
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#directories.close();
  }

  #hint(): void {
    if (this.#stopped) return;
    const now = performance.now();
    this.#hinted ??= now;
    if (this.#looking) return;
    const { debounce } = this.#options;
    const latest = this.#hinted + Math.max(MAX_DELAY, debounce);
    this.#schedule(Math.max(0, Math.min(debounce, latest - now)));
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delay).unref();
  }

  /** Never rejects. Looks do not overlap: hints that come meanwhile lead to the next one. */
  async #look(): Promise<void> {
    this.#looking = true;
    this.#hinted = undefined;
    try {
      await this.#compare();
    } catch (error) {
      this.#tellFault(error);
    }
    this.#looking = false;
    if (this.#stopped) return;
    if (this.#hinted !== undefined) this.#hint();
    else if (this.#options.pollInterval > 0) this.#schedule(this.#options.pollInterval);
  }

  async #compare(): Promise<void> {
    const discovery = await this.#discoverAndWatch();
    if (discovery.fault !== undefined) throw discovery.fault;
    const known = this.#known;
    const signatures = await takeSignatures(discovery.files, known ?? new Map());
    if (this.#stopped) return;
    this.#known = signatures;
    const changed = known === undefined ? [] : changedFiles(known, signatures);
    const recovered = this.#fault !== undefined || this.#options.needsRead();
    this.#fault = undefined;
    const told = changed.length === 0 && recovered ? [...signatures.keys()] : changed;
    if (told.length > 0) this.#tell((listener) => listener.onChange(told));
  }

  /** What is found has been watched since before it was looked at: no change falls in between. */
  async #discoverAndWatch(): Promise<Discovery> {
    const { paths } = this.#options;
    let discovery = await runAsync(discover(paths));
    for (let round = 0; round < ROUNDS; round++) {
      const hints = await runAsync(hintsOf(paths, discovery));
      const isNew = await this.#directories.update(hints, () => this.#stopped);
      if (!isNew) break;
      discovery = await runAsync(discover(paths));
    }
    return discovery;
  }

  #tellFault(error: unknown): void {
    const message = String(error);
    if (this.#stopped || this.#fault === message) return;
    this.#fault = message;
    this.#tell((listener) => listener.onError(error));
  }

  #tellLimit(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const { pollInterval } = this.#options;
    const message = `Changes of flag files can't be watched for (${reason}); raise the limit (on Linux fs.inotify.max_user_watches and max_user_instances).`;
    if (pollInterval > 0) {
      // The files are still followed, only later: nothing is stale, nobody needs to be woken.
      process.emitWarning(`${message} Until then they are looked at every ${pollInterval} ms.`, {
        type: "HalyardWarning",
        code: "HALYARD_WATCH_LIMIT",
      });
    } else {
      const fault = new HalyardError("SOURCE_READ_FAILED", message, { cause: error });
      this.#tell((listener) => listener.onError(fault));
    }
  }

  /** A listener that throws is at fault itself, and no reason to stop watching. */
  #tell(act: (listener: SourceListener) => void): void {
    try {
      act(this.#listener);
    } catch (error) {
      process.emitWarning(`What is told of changed flag files threw: ${String(error)}`, {
        type: "HalyardWarning",
        code: "HALYARD_LISTENER_THREW",
      });
    }
  }
}
