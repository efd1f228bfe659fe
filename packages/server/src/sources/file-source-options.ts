import { HalyardError } from "@halyard/core";
import type { ConfiguredPath } from "./discover.ts";

export interface FileSourceOptions {
  /**
   * Files, directories or globs, relative to the working directory. A directory means the
   * *.yaml, *.yml and *.json files in it, without its subdirectories; names that start with a dot
   * are passed over there and by globs. Those of one path load in the order of their names, and
   * per key the last one wins.
   */
  readonly paths: string | readonly string[];
  /** Only this part of each document holds flags; nested sections are joined with `.`. */
  readonly section?: string | undefined;
  /** Joins the names of nested groups of flags. Default `.`. */
  readonly delimiter?: string | undefined;
  /** Whether changes of the files are followed. Default true. */
  readonly watch?: boolean | undefined;
  /** Milliseconds without further events before a change is read. Default 200. */
  readonly debounce?: number | undefined;
  /**
   * Milliseconds between looks at the files in case that no event tells of a change, as on
   * network file systems. Default 5000; 0: none.
   */
  readonly pollInterval?: number | undefined;
  /** Bytes that a file may have. Default 64 MiB. */
  readonly maxFileSize?: number | undefined;
  /** For people, unique within an instance. Default: the paths. */
  readonly name?: string | undefined;
}

/** The options with their defaults. */
export interface FileSourceSettings {
  readonly name: string;
  readonly paths: readonly ConfiguredPath[];
  readonly section: string | undefined;
  readonly delimiter: string | undefined;
  readonly watch: boolean;
  readonly debounce: number;
  readonly pollInterval: number;
  readonly maxFileSize: number;
}

const NAMES: ReadonlySet<string> = new Set([
  "paths",
  "section",
  "delimiter",
  "watch",
  "debounce",
  "pollInterval",
  "maxFileSize",
  "name",
] satisfies (keyof FileSourceOptions)[]);

/** The longest time that timers keep. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/** Throws `INVALID_OPTIONS`. */
export function settingsOf(given: string | FileSourceOptions): FileSourceSettings {
  const options: FileSourceOptions = typeof given === "string" ? { paths: given } : given;
  if (typeof options !== "object" || options === null) {
    throw invalid("takes a path or an object of options");
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name))
      throw invalid(`has no option "${name}". Known are ${[...NAMES].join(", ")}`);
  }
  const names = typeof options.paths === "string" ? [options.paths] : options.paths;
  const arePaths = Array.isArray(names) && names.length > 0 && names.every(isPath);
  if (!arePaths) throw invalid("needs `paths`: a path, or a list of at least one");
  const base = process.cwd();
  return {
    name: options.name ?? names.join(", "),
    paths: names.map((name) => ({ name, base })),
    section: options.section,
    delimiter: options.delimiter,
    watch: options.watch ?? true,
    debounce: milliseconds("debounce", options.debounce ?? 200),
    pollInterval: milliseconds("pollInterval", options.pollInterval ?? 5_000),
    maxFileSize: bytes("maxFileSize", options.maxFileSize ?? 64 * 1024 * 1024),
  };
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && path !== "";
}

function milliseconds(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0 && value <= MAX_MILLISECONDS) return value;
  throw invalid(`takes milliseconds as \`${name}\`, not ${String(value)}`);
}

function bytes(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw invalid(`takes a number of bytes as \`${name}\`, not ${String(value)}`);
}

function invalid(what: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", `fileSource ${what}.`);
}
