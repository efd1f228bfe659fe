import { extname } from "node:path";
import {
  type DefinitionDocument,
  type DefinitionSource,
  HalyardError,
  invalidDefinitions,
  type Problem,
} from "@halyard/core";
import { type Discovery, discover, type FoundFile, readFailure, SUPPORTED } from "./discover.ts";
import {
  type FileSourceOptions,
  type FileSourceSettings,
  settingsOf,
} from "./file-source-options.ts";
import { bytesOf, type Io, runAsync, runBlocking } from "./io.ts";
import { createLocator } from "./locate.ts";
import { LARGE, type Parsed } from "./parse.ts";
import { OffThreadParser, parseHere } from "./parse-off-thread.ts";
import { type FileSignature, type Signatures, signatureOf } from "./signature.ts";
import type { Format } from "./text.ts";
import { watchFiles } from "./watch.ts";

export type { FileSourceOptions } from "./file-source-options.ts";

/** Definitions in files: read at once or later, and watched. */
export interface FileSource extends DefinitionSource {
  readonly readSync: () => readonly DefinitionDocument[];
  readonly read: () => Promise<readonly DefinitionDocument[]>;
}

/**
 * Definitions from YAML and JSON files, read again when they change. Reads fail with
 * `SOURCE_READ_FAILED` when a file is missing, unreadable or too large, or a directory or glob
 * gives none; and with `INVALID_DEFINITIONS` when a file is empty or no YAML or JSON, with the
 * lines. Throws `INVALID_OPTIONS`.
 */
export function fileSource(options: string | FileSourceOptions): FileSource {
  const settings = settingsOf(options);
  const reader = new FileReader(settings);
  const { name, paths, debounce, pollInterval } = settings;
  const source: FileSource = {
    name,
    readSync: () => reader.readSync(),
    read: () => reader.read(),
  };
  if (!settings.watch) return source;
  return {
    ...source,
    watch: (listener) => {
      const { signatures: known } = reader;
      const needsRead = () => reader.needsRead;
      return watchFiles({ paths, debounce, pollInterval, known, needsRead }, listener);
    },
  };
}

/** A file as it was read, before its text was looked at. */
interface RawFile {
  readonly name: string;
  readonly format: Format | undefined;
  readonly bytes: Uint8Array;
}

/** A file that was understood. */
interface LoadedFile {
  readonly bytes: Uint8Array;
  readonly document: DefinitionDocument;
}

/** Milliseconds. A read that goes on failing is tried again no less often. */
const MAX_RETRY_DELAY = 300_000;

class FileReader {
  /** The files as they were when the last read began. */
  signatures: Signatures | undefined;
  readonly #settings: FileSourceSettings;
  /** By name, from the last read that succeeded: what has not changed is not parsed again. */
  #loaded: ReadonlyMap<string, LoadedFile> = new Map();
  readonly #threads = { available: true };
  #failures = 0;
  #retryAt = 0;

  constructor(settings: FileSourceSettings) {
    this.#settings = settings;
  }

  /** Whether the last read failed for reasons that may pass by themselves, and it is time. */
  get needsRead(): boolean {
    return this.#failures > 0 && performance.now() >= this.#retryAt;
  }

  readSync(): readonly DefinitionDocument[] {
    const files = runBlocking(this.#readFiles());
    const batch = new Batch(this.#loaded, this.#settings);
    for (const file of files) {
      if (!batch.needsParse(file)) continue;
      batch.add(file, parseHere(file.bytes, file.format, batch.previousOf(file.name)));
    }
    return this.#finish(batch);
  }

  async read(): Promise<readonly DefinitionDocument[]> {
    const files = await runAsync(this.#readFiles());
    const batch = new Batch(this.#loaded, this.#settings);
    const thread = new OffThreadParser({ threads: this.#threads });
    try {
      for (const file of files) {
        if (!batch.needsParse(file)) continue;
        const previous = batch.previousOf(file.name);
        const parsed =
          file.bytes.length < LARGE
            ? parseHere(file.bytes, file.format, previous)
            : await thread.parse(file, previous);
        batch.add(file, parsed);
        // Many small files are as much as a large one: others get their turn between them.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      await thread.close();
    }
    return this.#finish(batch);
  }

  #finish(batch: Batch): readonly DefinitionDocument[] {
    this.#loaded = batch.finish();
    return [...this.#loaded.values()].map(({ document }) => document);
  }

  *#readFiles(): Io<RawFile[]> {
    try {
      const { files, fault }: Discovery = yield* discover(this.#settings.paths);
      if (fault !== undefined) throw fault;
      const signatures = new Map<string, FileSignature>();
      const raw: RawFile[] = [];
      for (const file of files) {
        const now = Date.now();
        const bytes = yield* this.#readFile(file);
        signatures.set(file.name, yield* signatureOf(file, bytes, now));
        raw.push({ name: file.name, format: formatOf(file.name), bytes });
      }
      this.signatures = signatures;
      this.#failures = 0;
      return raw;
    } catch (error) {
      const delay = Math.min(this.#settings.pollInterval * 2 ** this.#failures, MAX_RETRY_DELAY);
      this.#retryAt = performance.now() + delay;
      this.#failures++;
      throw error;
    }
  }

  *#readFile({ name, path, stats }: FoundFile): Io<Uint8Array> {
    const { maxFileSize } = this.#settings;
    if (stats.size > maxFileSize) {
      const message = `${name} has ${stats.size} bytes, more than the ${maxFileSize} that a file of flags may have. Split it, or raise \`maxFileSize\` of fileSource.`;
      throw new HalyardError("SOURCE_READ_FAILED", message);
    }
    try {
      return yield* bytesOf(path);
    } catch (error) {
      const message = readFailure(name, path, error);
      throw new HalyardError("SOURCE_READ_FAILED", message, { cause: error });
    }
  }
}

/** What one read makes of its files: all of them, or all that is wrong with them. */
class Batch {
  readonly #settings: FileSourceSettings;
  readonly #before: ReadonlyMap<string, LoadedFile>;
  readonly #loaded = new Map<string, LoadedFile>();
  readonly #problems: Problem[] = [];

  constructor(before: ReadonlyMap<string, LoadedFile>, settings: FileSourceSettings) {
    this.#before = before;
    this.#settings = settings;
  }

  /** `false`: it is known already what this file says, or that it says nothing. */
  needsParse(file: RawFile): file is RawFile & { format: Format } {
    const { name, format, bytes } = file;
    const before = this.#before.get(name);
    if (before !== undefined && Buffer.compare(before.bytes, bytes) === 0) {
      this.#loaded.set(name, before);
      return false;
    }
    if (format === undefined) {
      const message = `is of no supported kind; files of flags are ${SUPPORTED}`;
      this.#problems.push({ path: "", message, source: name });
      return false;
    }
    return true;
  }

  previousOf(name: string): unknown {
    return this.#before.get(name)?.document.document;
  }

  add({ name, bytes, format }: RawFile & { format: Format }, parsed: Parsed): void {
    if ("problems" in parsed) {
      for (const problem of parsed.problems) this.#problems.push({ ...problem, source: name });
      return;
    }
    const { section, delimiter } = this.#settings;
    const document: DefinitionDocument = {
      name,
      document: parsed.document,
      section,
      delimiter,
      locate: createLocator(bytes, format, parsed.layout),
    };
    this.#loaded.set(name, { bytes, document });
  }

  /** Throws `INVALID_DEFINITIONS`. */
  finish(): ReadonlyMap<string, LoadedFile> {
    if (this.#problems.length > 0) throw invalidDefinitions(this.#problems);
    return this.#loaded;
  }
}

function formatOf(name: string): Format | undefined {
  const extension = extname(name).toLowerCase();
  if (extension === ".json") return "json";
  return extension === ".yaml" || extension === ".yml" ? "yaml" : undefined;
}
