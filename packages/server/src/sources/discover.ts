import type { BigIntStats, Dirent } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { HalyardError } from "@halyard/core";
import picomatch from "picomatch";
import { entriesOf, type Io, isMissing, linkStatOf, realPathOf, statOf, systemCode } from "./io.ts";

/** A path from the configuration: what people wrote, and what it meant when they did. */
export interface ConfiguredPath {
  readonly name: string;
  /** The absolute path of the working directory then: a later `process.chdir` changes nothing. */
  readonly base: string;
}

export interface FoundFile {
  /** The path as configured; for a file found in a directory, that and its name. */
  readonly name: string;
  readonly path: string;
  /** With every symbolic link followed. */
  readonly realPath: string;
  readonly stats: BigIntStats;
}

export interface Discovery {
  /** In the order in which they load; each real file once. */
  readonly files: readonly FoundFile[];
  /** Directories that were searched: files may appear in them. */
  readonly directories: readonly string[];
  /** What is configured and can't be had; the files are then incomplete. */
  readonly fault: HalyardError | undefined;
}

const EXTENSIONS: readonly string[] = [".yaml", ".yml", ".json"];

/** For messages. */
export const SUPPORTED = "*.yaml, *.yml and *.json";

/** A glob that walks through more is a mistake, such as one that takes in `node_modules`. */
const MAX_DIRECTORIES = 10_000;

/**
 * Finds the files that the configured paths mean at this moment. Names that start with a dot are
 * passed over in directories and by globs: editors' and operating systems' own, and the
 * `..data` and `..2024_01_01` entries behind a Kubernetes ConfigMap.
 */
export function* discover(paths: readonly ConfiguredPath[]): Io<Discovery> {
  const search = new Search();
  for (const path of paths) yield* search.find(path);
  return search;
}

class Search implements Discovery {
  readonly directories: string[] = [];
  readonly #faults: { message: string; cause: unknown }[] = [];
  /** Whether the last walk met a fault of its own. */
  #walkFailed = false;
  readonly #byRealPath = new Map<string, FoundFile>();

  get files(): readonly FoundFile[] {
    return [...this.#byRealPath.values()];
  }

  get fault(): HalyardError | undefined {
    const [first] = this.#faults;
    if (first === undefined) return undefined;
    const message = this.#faults.map((fault) => fault.message).join("\n");
    return new HalyardError("SOURCE_READ_FAILED", message, { cause: first.cause });
  }

  *find({ name, base }: ConfiguredPath): Io<void> {
    const path = resolve(base, name);
    let stats: BigIntStats;
    try {
      stats = yield* statOf(path);
    } catch (error) {
      // Only a name that nothing has is a glob: brackets and braces are lawful in names.
      if (isMissing(error) && picomatch.scan(name).isGlob) yield* this.#findGlob(name, base);
      else this.#blame(name, path, error);
      return;
    }
    if (stats.isDirectory()) yield* this.#findInDirectory(name, path);
    else yield* this.#take(name, path);
  }

  *#findInDirectory(name: string, path: string): Io<void> {
    const found: string[] = [];
    yield* this.#walk({ name, path, levels: 1 }, (relative) => found.push(relative));
    yield* this.#takeAll(found, name, path, `The directory ${name} holds no ${SUPPORTED} file`);
  }

  *#findGlob(name: string, base: string): Io<void> {
    const { base: root, glob } = picomatch.scan(name);
    const matches = picomatch(glob);
    // A slash inside braces or parentheses may stand for any number of levels.
    const levels = /\*\*|[{(][^})]*\//.test(glob) ? MAX_LEVELS : glob.split("/").length;
    const path = resolve(base, root);
    const found: string[] = [];
    yield* this.#walk({ name: root, path, levels }, (relative) => {
      if (matches(relative)) found.push(relative);
    });
    yield* this.#takeAll(found, root, path, `The glob ${name} matches no ${SUPPORTED} file`);
  }

  *#takeAll(found: string[], name: string, path: string, empty: string): Io<void> {
    const faults = this.#faults.length;
    let taken = 0;
    for (const relative of found.sort()) {
      if (yield* this.#take(join(name, relative), join(path, relative), true)) taken++;
    }
    if (taken > 0 || this.#faults.length > faults || this.#walkFailed) return;
    this.#faults.push({
      message: `${empty} (looked in ${path}). An empty set of files never means "no flags": put a file there, or correct the path.`,
      cause: undefined,
    });
  }

  /** Visits the supported files under a directory, by their paths relative to it. */
  *#walk(root: Root, visit: (relative: string) => void): Io<void> {
    const seen = new Set<string>();
    const pending = [{ relative: "", levels: root.levels }];
    this.#walkFailed = false;
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { relative, levels } = next;
      const directory = join(root.path, relative);
      try {
        // A directory that links lead back to is walked once.
        const real = yield* realPathOf(directory);
        if (seen.has(real)) continue;
        seen.add(real);
        if (seen.size > MAX_DIRECTORIES) {
          this.#walkFailed = true;
          return this.#blameSize(root);
        }
        this.directories.push(directory);
        for (const entry of yield* entriesOf(directory)) {
          if (entry.name.startsWith(".")) continue;
          const inner = relative === "" ? entry.name : `${relative}/${entry.name}`;
          if (yield* isDirectory(entry, join(root.path, inner))) {
            if (levels > 1) pending.push({ relative: inner, levels: levels - 1 });
          } else if (EXTENSIONS.includes(extname(inner).toLowerCase())) visit(inner);
        }
      } catch (error) {
        // One that has just been removed holds nothing; the one that is configured must be there.
        if (relative !== "" && isMissing(error)) continue;
        this.#walkFailed = true;
        this.#blame(join(root.name, relative), directory, error);
      }
    }
  }

  /** `listed`: by the directory it is in, so that it may be gone by now. */
  *#take(name: string, path: string, listed = false): Io<boolean> {
    try {
      const stats = yield* statOf(path);
      if (!stats.isFile()) {
        // Reading a pipe or a device might never end.
        const message = `${name} is neither a file nor a directory (${path}). Name one.`;
        this.#faults.push({ message, cause: undefined });
        return false;
      }
      const realPath = yield* realPathOf(path);
      // The last mention decides the order, as if the file had been loaded at each.
      this.#byRealPath.delete(realPath);
      this.#byRealPath.set(realPath, { name, path, realPath, stats });
      return true;
    } catch (error) {
      const gone = listed && isMissing(error) && !(yield* isThere(path));
      if (!gone) this.#blame(name, path, error);
      return false;
    }
  }

  #blame(name: string, path: string, error: unknown): void {
    this.#faults.push({ message: readFailure(name, path, error), cause: error });
  }

  #blameSize({ name }: Root): void {
    const message = `A glob walks through more than ${MAX_DIRECTORIES} directories of ${name}. Narrow it.`;
    this.#faults.push({ message, cause: undefined });
  }
}

interface Root {
  readonly name: string;
  readonly path: string;
  /** How many levels of directories to read. */
  readonly levels: number;
}

/** Deeper than anybody nests directories of flags. */
const MAX_LEVELS = 32;

function* isDirectory(entry: Dirent, path: string): Io<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (yield* statOf(path)).isDirectory();
  } catch {
    // A link that leads nowhere is reported when it is taken for a file.
    return false;
  }
}

/** Whether something is there, be it a link that leads nowhere. */
function* isThere(path: string): Io<boolean> {
  try {
    yield* linkStatOf(path);
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

/** What to tell when a configured file can't be read, and what to do about it. */
export function readFailure(name: string, path: string, error: unknown): string {
  const where = path === name ? "" : ` (${path})`;
  if (isMissing(error)) {
    return `${name} is not there${where}. Create it, or correct the configured path: FEATURE_FILE_PATH, or \`paths\` of fileSource.`;
  }
  const code = systemCode(error);
  if (code === "EACCES" || code === "EPERM") {
    return `${name} can't be read${where}: permission denied. Let the user that runs this process read ${basename(name)} and enter its directories.`;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `${name} can't be read${where}: ${reason}`;
}
