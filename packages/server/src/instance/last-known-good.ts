import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type DefinitionDocument, isPlainObject, type Override } from "@halyard/core";
import { type Log, messageOf } from "./log.ts";
import { runSliced } from "./run-sliced.ts";
import type { Contents } from "./source-calls.ts";

/** Of the file. Another one is not read. */
const FORMAT = 1;

/** Milliseconds from a change to the writing of it, so that many changes are written once. */
const DELAY = 1000;

/** Characters of text that are handed to the file at a time. */
const CHUNK = 256 * 1024;

/** Largest file that is read, in bytes. */
const MAX_SIZE = 256 * 1024 * 1024;

/**
 * A copy on disk of what sources gave last that have to be waited for: it serves when they can't be
 * had at the next start. Replaced atomically, and believed only with its checksum.
 */
export class LastKnownGood {
  readonly #path: string;
  readonly #log: Log;
  #kept: ReadonlyMap<string, Contents> = new Map();
  /** What the file had when it was read, while that may be needed. */
  #found: ReadonlyMap<string, Contents> | undefined;
  #unsaved: ReadonlyMap<string, Contents> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** What the file has, by the sources' names; nothing when there is none, or it is not sound. */
  read(): ReadonlyMap<string, Contents> {
    this.#found ??= this.#readFile();
    return this.#found;
  }

  #readFile(): ReadonlyMap<string, Contents> {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#complain("read", error);
      return new Map();
    }
    try {
      return parse(text);
    } catch (error) {
      this.#complain("believed", error);
      return new Map();
    }
  }

  /**
   * Has what serves written soon, by the sources' names. Of a source of which nothing serves, what
   * the file has stays: it may serve at another start.
   */
  keep(served: ReadonlyMap<string, Contents | undefined>): void {
    if (this.#closed) return;
    const contents = new Map<string, Contents>();
    for (const [name, serving] of served) {
      const each = serving ?? this.#kept.get(name) ?? this.read().get(name);
      if (each !== undefined) contents.set(name, each);
    }
    if (![...served.values()].includes(undefined)) this.#found = undefined;
    if (!isOther(contents, this.#kept)) return;
    this.#kept = contents;
    this.#unsaved = contents;
    this.#timer ??= setTimeout(() => this.#save(), DELAY).unref();
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const contents = this.#unsaved;
    if (contents === undefined) return;
    this.#unsaved = undefined;
    this.#writing = this.#writing
      .then(() => this.#write(contents))
      .catch((error: unknown) => this.#complain("written", error));
  }

  async #write(contents: ReadonlyMap<string, Contents>): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    // Not by the process's id: containers that share the folder may have the same.
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    try {
      // Overrides name users: nobody else reads them.
      const file = await open(temporary, "w", 0o600);
      try {
        await writeContents(file, contents);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #complain(what: string, error: unknown): void {
    this.#log.warn(
      `The last known good flags in ${this.#path} can't be ${what}: ${messageOf(error)}`,
    );
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#save();
    this.#closed = true;
    await this.#writing;
  }
}

function isOther(
  contents: ReadonlyMap<string, Contents>,
  known: ReadonlyMap<string, Contents>,
): boolean {
  return (
    contents.size !== known.size || [...contents].some(([name, each]) => known.get(name) !== each)
  );
}

/** The checksum comes first, in a line of its own, so that the rest is checked as it stands. */
async function writeContents(
  file: FileHandle,
  contents: ReadonlyMap<string, Contents>,
): Promise<void> {
  const hash = createHash("sha256");
  const head = `${" ".repeat(64)}\n`;
  await file.write(head, 0);
  let position = head.length;
  let pending: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(pending.join(""));
    pending = [];
    length = 0;
    hash.update(bytes);
    await file.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  };
  for (const part of await runSliced(textOf(contents))) {
    pending.push(part);
    length += part.length;
    if (length >= CHUNK) await flush();
  }
  await flush();
  await file.write(hash.digest("hex"), 0);
}

/** JSON in parts, a flag each: of all in one go, the event loop would wait. */
function* textOf(contents: ReadonlyMap<string, Contents>): Generator<void, string[], void> {
  const parts = [`{"format":${FORMAT},"sources":{`];
  let isFirst = true;
  for (const [name, { documents, overrides }] of contents) {
    parts.push(`${isFirst ? "" : ","}${JSON.stringify(name)}:{"documents":[`);
    isFirst = false;
    for (const [index, document] of documents.entries()) {
      if (index > 0) parts.push(",");
      yield* documentText(document, parts);
    }
    parts.push(`],"overrides":[`);
    for (const [index, override] of overrides.entries()) {
      parts.push(`${index > 0 ? "," : ""}${JSON.stringify(override)}`);
      yield;
    }
    parts.push("]}");
  }
  parts.push("}}");
  return parts;
}

function* documentText(
  { name, document, section, delimiter }: DefinitionDocument,
  parts: string[],
): Generator<void, void, void> {
  parts.push(`{"head":${JSON.stringify({ name, section, delimiter })},"document":`);
  const flags = isPlainObject(document) ? document.flags : undefined;
  if (!isPlainObject(document) || !isPlainObject(flags)) {
    parts.push(`${JSON.stringify(document)}}`);
    return;
  }
  const { flags: _, ...rest } = document;
  parts.push(`{"flags":{`);
  let isFirst = true;
  for (const [key, flag] of Object.entries(flags)) {
    const text = JSON.stringify(flag);
    if (text === undefined) continue;
    parts.push(`${isFirst ? "" : ","}${JSON.stringify(key)}:${text}`);
    isFirst = false;
    yield;
  }
  parts.push("}");
  for (const [key, value] of Object.entries(rest)) {
    const text = JSON.stringify(value);
    if (text !== undefined) parts.push(`,${JSON.stringify(key)}:${text}`);
  }
  parts.push("}}");
}

interface Written {
  readonly format: number;
  readonly sources: Readonly<
    Record<
      string,
      {
        readonly documents: readonly {
          readonly head: Omit<DefinitionDocument, "document" | "locate">;
          readonly document: unknown;
        }[];
        readonly overrides: readonly Override[];
      }
    >
  >;
}

function parse(text: string): ReadonlyMap<string, Contents> {
  if (text.length > MAX_SIZE) throw new Error(`it has more than ${MAX_SIZE} characters`);
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (text.slice(0, end) !== createHash("sha256").update(body).digest("hex")) {
    throw new Error("its checksum is another one");
  }
  const { format, sources } = JSON.parse(body) as Written;
  if (format !== FORMAT) throw new Error(`it is of format ${format}, and ${FORMAT} is known`);
  return new Map(
    Object.entries(sources).map(([name, { documents, overrides }]) => [
      name,
      {
        documents: documents.map(({ head, document }) => ({ ...head, document })),
        // What the source gives when it answers counts, whatever its version.
        version: undefined,
        overrides,
      },
    ]),
  );
}

/** The copy at a path; none without one. */
export function keptAt(path: string | undefined, log: Log): LastKnownGood | undefined {
  return path === undefined ? undefined : new LastKnownGood(path, log);
}
