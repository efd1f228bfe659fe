import { type FSWatcher, watch } from "node:fs";
import type { Hints } from "./hints.ts";
import { runAsync, statOf, systemCode } from "./io.ts";

/** More watched directories than this are left to the poll: the kernel's watches are few. */
const MAX_WATCHERS = 1_000;

interface Watched {
  readonly watcher: FSWatcher;
  /** Which directory it is: `fs.watch` goes on with that one when another takes its path. */
  readonly identity: string;
  names: ReadonlySet<string> | undefined;
}

/**
 * Watches a changing set of directories. What it reports are hints: events may be missing, come
 * late, or mean nothing.
 */
export class DirectoryWatchers {
  readonly #watched = new Map<string, Watched>();
  readonly #onHint: () => void;
  readonly #onLimit: (error: unknown) => void;
  #limitTold = false;

  constructor(onHint: () => void, onLimit: (error: unknown) => void) {
    this.#onHint = onHint;
    this.#onLimit = onLimit;
  }

  /** Watches these directories and no others. `true`: some are watched only since now. */
  async update(hints: Hints, isStopped: () => boolean): Promise<boolean> {
    for (const directory of [...this.#watched.keys()]) {
      if (!hints.has(directory)) this.#drop(directory);
    }
    let added = false;
    for (const [directory, names] of hints) {
      const identity = await identityOf(directory);
      if (isStopped()) return false;
      const watched = this.#watched.get(directory);
      if (watched !== undefined && watched.identity === identity) {
        watched.names = names;
        continue;
      }
      this.#drop(directory);
      if (identity !== undefined && this.#add(directory, names, identity)) added = true;
    }
    return added;
  }

  close(): void {
    for (const directory of [...this.#watched.keys()]) this.#drop(directory);
  }

  #add(directory: string, names: ReadonlySet<string> | undefined, identity: string): boolean {
    if (this.#watched.size >= MAX_WATCHERS) {
      this.#tellLimit(new Error(`more than ${MAX_WATCHERS} directories to watch`));
      return false;
    }
    let watcher: FSWatcher;
    try {
      watcher = watch(directory, { persistent: false });
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOSPC" || code === "EMFILE" || code === "ENFILE") this.#tellLimit(error);
      // Otherwise the directory is gone by now, closed to us (as those above ours may be), or of
      // a kind that can't be watched: the poll sees what happens there.
      return false;
    }
    const watched: Watched = { watcher, identity, names };
    this.#watched.set(directory, watched);
    watcher.on("change", (_event, name) => {
      if (watched.names === undefined || name === null || watched.names.has(String(name))) {
        this.#onHint();
      }
    });
    watcher.on("error", () => {
      // Such as a directory that was removed, on Windows: whatever it is, look again.
      if (this.#watched.get(directory) === watched) this.#drop(directory);
      this.#onHint();
    });
    return true;
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }

  #tellLimit(error: unknown): void {
    if (this.#limitTold) return;
    this.#limitTold = true;
    this.#onLimit(error);
  }
}

async function identityOf(directory: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await runAsync(statOf(directory));
    return `${dev} ${ino}`;
  } catch {
    // Gone since it was found, or not ours to look at: nothing that could be watched.
    return undefined;
  }
}
