import {
  copyPlain,
  type DefinitionDocument,
  type Flag,
  HalyardError,
  invalidDefinitions,
  isKey,
  isPlainObject,
} from "@halyard/core";
import type { DefinitionsReplica } from "./definitions-replica.ts";
import { invalidKey } from "./invalid-key.ts";
import { mergePatch } from "./merge-patch.ts";
import type { Hooks } from "./options.ts";
import type { WritableSource } from "./source-calls.ts";

/** A flag and where it is defined. */
export interface FlagEntry {
  readonly key: string;
  /** In canonical form, whatever shorthand it was written in. */
  readonly definition: Flag;
  /** Name of the source that defines it. */
  readonly source: string;
  /** Whether `put`, `patch` and `delete` can change it. */
  readonly writable: boolean;
}

export interface ListOptions {
  /** Most entries to return, 1 to 1000. Default 100. */
  readonly limit?: number | undefined;
  /** The `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface FlagPage {
  readonly items: readonly FlagEntry[];
  /** Pass it to get the next page; absent on the last one. */
  readonly cursor: string | undefined;
}

/** The definitions of an instance: reads of all sources, writes to the one that is writable. */
export interface Definitions {
  /** The flag of a key or an alias. */
  get(key: string): FlagEntry | undefined;
  /** Flags by key, a page at a time. */
  list(options?: ListOptions): FlagPage;
  /**
   * Creates or replaces a flag. Resolves when reads see it. Rejects with `INVALID_DEFINITIONS`,
   * `INVALID_KEY`, `ALIAS_READ_ONLY`, `READ_ONLY_SOURCE`, `STORE_UNAVAILABLE`, `STORE_WRITE_FAILED`
   * or `CLOSED`; nothing has changed then.
   */
  put(key: string, definition: unknown): Promise<FlagEntry>;
  /** Changes parts of a flag by a JSON merge patch (RFC 7396). Rejects as `put`, and `FLAG_NOT_FOUND`. */
  patch(key: string, patch: unknown): Promise<FlagEntry>;
  /** `false` when there was no such flag. Rejects as `put`. */
  delete(key: string): Promise<boolean>;
}

const MAX_PAGE = 1000;

export class ReplicaDefinitions implements Definitions {
  readonly #replica: DefinitionsReplica;
  readonly #onChange: NonNullable<Hooks["onChange"]>;
  /** Writes wait for each other: each is checked against what the one before left. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor(replica: DefinitionsReplica, onChange: NonNullable<Hooks["onChange"]>) {
    this.#replica = replica;
    this.#onChange = onChange;
  }

  get(key: string): FlagEntry | undefined {
    const { flags, aliases } = this.#replica.snapshot;
    const resolved = aliases.get(key) ?? key;
    const flag = flags.get(resolved)?.flag;
    if (flag === undefined) return undefined;
    const source = this.#replica.report.owners.get(resolved) ?? "";
    const writable = this.#writable()?.name === source;
    return Object.freeze({
      key: resolved,
      definition: JSON.parse(JSON.stringify(flag)) as Flag,
      source,
      writable,
    });
  }

  list({ limit = 100, cursor }: ListOptions = {}): FlagPage {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        `\`limit\` must be 1 to ${MAX_PAGE}, not ${limit}.`,
      );
    }
    const keys = [...this.#replica.snapshot.flags.keys()].sort();
    // The cursor is the last key seen, so that pages stay right while flags come and go.
    const start = cursor === undefined ? 0 : keys.findIndex((key) => key > cursor);
    const page = start < 0 ? [] : keys.slice(start, start + limit);
    const more = start >= 0 && start + limit < keys.length;
    return {
      items: page.flatMap((key) => this.get(key) ?? []),
      cursor: more ? page.at(-1) : undefined,
    };
  }

  async put(key: string, definition: unknown): Promise<FlagEntry> {
    return this.#exclusively(() => this.#put(key, definition));
  }

  async patch(key: string, patch: unknown): Promise<FlagEntry> {
    return this.#exclusively(async () => {
      const entry = this.get(key);
      if (entry === undefined) throw notFound(key);
      return this.#put(key, mergePatch(this.#written(entry), copyPlain(patch)));
    });
  }

  async delete(key: string): Promise<boolean> {
    return this.#exclusively(async () => {
      const old = this.get(key);
      if (old === undefined) return false;
      await this.#write(key, undefined);
      this.#report(key, "removed", old, undefined);
      return true;
    });
  }

  async #put(key: string, definition: unknown): Promise<FlagEntry> {
    const old = this.get(key);
    if (definition === undefined || definition === null) {
      throw new HalyardError("INVALID_DEFINITIONS", `The definition of "${key}" is missing.`);
    }
    await this.#write(key, copyPlain(definition));
    const entry = this.get(key);
    if (entry === undefined) throw notFound(key);
    this.#report(key, old === undefined ? "created" : "updated", old, entry);
    return entry;
  }

  async #write(key: string, definition: unknown): Promise<void> {
    const source = this.#writableFor(key);
    const documents = this.#replica.documentsOf(source);
    const changed = withChange(documents, source.name, key, definition);
    const owners = await this.#replica.check(source, changed);
    const isThere = owners.get(key) === source.name;
    if (definition === undefined && isThere) throw writtenElsewhere(key);
    if (definition !== undefined && !isThere) throw isGroup(key);
    await this.#replica.write(source, { key, definition });
    const failed = this.#replica.failureOf(source)?.error;
    if (failed !== undefined) throw failed;
  }

  /** The source that takes the flag, or why none does. */
  #writableFor(key: string): WritableSource {
    if (this.#replica.closed) {
      throw new HalyardError("CLOSED", "The instance is closed, so nothing can be written.");
    }
    if (!isKey(key)) throw invalidKey(key);
    const target = this.#replica.snapshot.aliases.get(key);
    if (target !== undefined) {
      throw new HalyardError("ALIAS_READ_ONLY", `"${key}" is an alias of "${target}"; write that.`);
    }
    const writable = this.#writable();
    const owner = this.#replica.report.owners.get(key);
    if (owner !== undefined && owner !== writable?.name) {
      throw new HalyardError(
        "READ_ONLY_SOURCE",
        `Flag "${key}" is defined in ${owner}, which can't be written from here. Change it there, or override it.`,
      );
    }
    if (writable === undefined) {
      const names = this.#replica.sources.map(({ name }) => name).join(", ");
      throw new HalyardError(
        "STORE_UNAVAILABLE",
        `None of the sources (${names}) can be written. Add one that can, such as new MemoryStore().`,
      );
    }
    return writable;
  }

  #writable(): WritableSource | undefined {
    return this.#replica.sources.find(
      (source): source is WritableSource => source.write !== undefined,
    );
  }

  /** The definition as it stands in its source: what a patch is applied to. */
  #written(entry: FlagEntry): unknown {
    const source = this.#replica.sources.find(({ name }) => name === entry.source);
    const documents = source === undefined ? [] : this.#replica.documentsOf(source);
    for (const { document } of documents.toReversed()) {
      const flags = isPlainObject(document) ? document.flags : undefined;
      if (!isPlainObject(flags) || !Object.hasOwn(flags, entry.key)) continue;
      const written = flags[entry.key];
      if (isPlainObject(written)) return written;
      // A bare value says what the flag serves, which a percentage or a rule beside it then limits.
      return typeof written === "boolean" ? { enabled: written } : { default: written };
    }
    return entry.definition;
  }

  #exclusively<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => undefined);
    return result;
  }

  #report(
    key: string,
    action: "created" | "updated" | "removed",
    old: FlagEntry | undefined,
    entry: FlagEntry | undefined,
  ): void {
    this.#onChange({
      key,
      requestedKey: key,
      action,
      scope: "flag",
      actor: undefined,
      reason: undefined,
      oldValue: old?.definition,
      newValue: entry?.definition,
    });
  }
}

/** The documents as they would be after the change: in the last of them, where writes go. */
function withChange(
  documents: readonly DefinitionDocument[],
  name: string,
  key: string,
  definition: unknown,
): readonly DefinitionDocument[] {
  const last = documents.at(-1) ?? { name, document: {} };
  const whole = isPlainObject(last.document) ? last.document : {};
  const flags = new Map(Object.entries(isPlainObject(whole.flags) ? whole.flags : {}));
  if (definition === undefined) flags.delete(key);
  else flags.set(key, definition);
  return [
    ...documents.slice(0, -1),
    { ...last, document: { ...whole, flags: Object.fromEntries(flags) } },
  ];
}

function notFound(key: string): HalyardError {
  return new HalyardError("FLAG_NOT_FOUND", `There is no flag "${key}".`);
}

/** It is not an entry of `flags`, where writes go. */
function writtenElsewhere(key: string): HalyardError {
  return new HalyardError(
    "READ_ONLY_SOURCE",
    `Flag "${key}" is part of a group or a list, which can't be written from here. Write it as an entry of \`flags\` under its whole key.`,
  );
}

function isGroup(key: string): HalyardError {
  const message = `is a group of flags, not a definition of "${key}": write each flag under its whole key`;
  const problems = [{ path: `/flags/${pointerToken(key)}`, message }];
  return invalidDefinitions(problems);
}

function pointerToken(key: string): string {
  return key.replaceAll("/", "~1");
}
