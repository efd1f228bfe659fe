import {
  type Actor,
  type Attribution,
  type Clock,
  checkActor,
  checkLimit,
  copyPlain,
  documentRows,
  type Flag,
  HalyardError,
  invalidDefinitions,
  isDefinition,
  isKey,
  isPlainObject,
  type JsonValue,
  type Store,
} from "@halyard/core";
import { closed, type DefinitionsReplica } from "./definitions-replica.ts";
import { invalidKey } from "./invalid-key.ts";
import { mergePatch } from "./merge-patch.ts";
import type { Hooks } from "./options.ts";

/** A flag and where it is defined. */
export interface FlagEntry {
  readonly key: string;
  /** In canonical form, whatever shorthand it was written in. */
  readonly definition: Flag;
  /** Name of the source that defines it. */
  readonly source: string;
  /** Whether `put`, `patch` and `delete` can change it. */
  readonly writable: boolean;
  /** For `ifVersion` of the next write; absent where no store keeps the flag. */
  readonly version: number | undefined;
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

/** Who writes, and on what condition. */
export interface WriteOptions {
  /** Who wants it. Default: the application itself. */
  readonly actor?: Actor | undefined;
  readonly reason?: string | undefined;
  /** Of the request that asked for it; for the audit. */
  readonly requestId?: string | undefined;
  /** Only while the flag has this version; 0: only while there is none. Else `VERSION_CONFLICT`. */
  readonly ifVersion?: number | undefined;
}

/** The definitions of an instance: reads of all sources, writes to the one that is writable. */
export interface Definitions {
  /** The flag of a key or an alias. */
  get(key: string): FlagEntry | undefined;
  /** Flags by key, a page at a time. */
  list(options?: ListOptions): FlagPage;
  /**
   * Creates or replaces a flag. Resolves when reads see it. Rejects with `INVALID_DEFINITIONS`,
   * `INVALID_KEY`, `ALIAS_READ_ONLY`, `READ_ONLY_SOURCE`, `STORE_UNAVAILABLE`, `STORE_WRITE_FAILED`,
   * `VERSION_CONFLICT` or `CLOSED`; nothing has changed then. `version`, `createdAt` and `updatedAt`
   * in the definition are the store's to say, and ignored.
   */
  put(key: string, definition: unknown, options?: WriteOptions): Promise<FlagEntry>;
  /** Changes parts of a flag by a JSON merge patch (RFC 7396). Rejects as `put`, and `FLAG_NOT_FOUND`. */
  patch(key: string, patch: unknown, options?: WriteOptions): Promise<FlagEntry>;
  /** `false` when there was no such flag. Rejects as `put`. */
  delete(key: string, options?: WriteOptions): Promise<boolean>;
}

/** Who writes when nobody is named. */
const APPLICATION: Actor = Object.freeze({ id: "application", type: "code" });

export class ReplicaDefinitions implements Definitions {
  readonly #replica: DefinitionsReplica;
  readonly #clock: Clock;
  readonly #onChange: NonNullable<Hooks["onChange"]>;

  constructor(replica: DefinitionsReplica, clock: Clock, onChange: NonNullable<Hooks["onChange"]>) {
    this.#replica = replica;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get(key: string): FlagEntry | undefined {
    const { flags, aliases } = this.#replica.snapshot;
    const resolved = aliases.get(key) ?? key;
    const flag = flags.get(resolved)?.flag;
    if (flag === undefined) return undefined;
    const source = this.#replica.report.owners.get(resolved) ?? "";
    const writable = this.#replica.store?.name === source;
    return Object.freeze({
      key: resolved,
      definition: JSON.parse(JSON.stringify(flag)) as Flag,
      source,
      writable,
      version: writable ? (flag.version ?? FIRST_VERSION) : undefined,
    });
  }

  list({ limit = 100, cursor }: ListOptions = {}): FlagPage {
    checkLimit(limit);
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

  async put(key: string, definition: unknown, options?: WriteOptions): Promise<FlagEntry> {
    if (definition === undefined || definition === null) {
      throw invalidFlag(key, "must be a definition or a value, and is missing");
    }
    const copy = copyPlain(definition);
    const entry = await this.#write(key, () => written(key, copy), options);
    if (entry === undefined) throw notFound(key);
    return entry;
  }

  async patch(key: string, patch: unknown, options?: WriteOptions): Promise<FlagEntry> {
    const copy = copyPlain(patch);
    const entry = await this.#write(
      key,
      () => {
        if (this.get(key) === undefined) throw notFound(key);
        return written(key, mergePatch(this.#written(key), copy));
      },
      options,
    );
    if (entry === undefined) throw notFound(key);
    return entry;
  }

  async delete(key: string, options?: WriteOptions): Promise<boolean> {
    let existed = false;
    await this.#write(
      key,
      () => {
        existed = this.get(key) !== undefined;
        return undefined;
      },
      options,
    );
    return existed;
  }

  /** `definition` is asked for the new one when the writes before are over; `undefined` deletes. */
  async #write(
    key: string,
    definition: () => JsonValue | undefined,
    { ifVersion, actor = APPLICATION, reason, requestId }: WriteOptions = {},
  ): Promise<FlagEntry | undefined> {
    const by: Attribution = {
      actor: checkActor(actor),
      reason,
      requestId,
      at: this.#clock(),
    };
    const store = this.#writableFor(key);
    const plan = () => {
      // Another source may have begun to define the flag while this waited for its turn.
      this.#writableFor(key);
      const change = { what: "flag", key, definition: definition(), ifVersion } as const;
      const old = this.get(key);
      const needless = change.definition === undefined && old === undefined;
      return { old, changes: needless ? [] : [change] };
    };
    const { plan: planned, result } = await this.#replica.write(store, plan, by);
    const entry = this.get(key);
    if (result?.changed.includes(true)) this.#report(key, planned.old, entry, by);
    return entry;
  }

  /** The store that takes the flag, or why none does. */
  #writableFor(key: string): Store {
    if (this.#replica.closed) throw closed();
    if (!isKey(key)) throw invalidKey(key);
    const { store, snapshot, report, sources } = this.#replica;
    const target = snapshot.aliases.get(key);
    if (target !== undefined) {
      throw new HalyardError("ALIAS_READ_ONLY", `"${key}" is an alias of "${target}"; write that.`);
    }
    const owner = report.owners.get(key);
    if (owner !== undefined && owner !== store?.name) {
      throw new HalyardError(
        "READ_ONLY_SOURCE",
        `Flag "${key}" is defined in ${owner}, which can't be written from here. Change it there, or override it.`,
      );
    }
    if (store === undefined) {
      const names = sources.map(({ name }) => name).join(", ");
      throw new HalyardError(
        "STORE_UNAVAILABLE",
        `None of the sources (${names}) can be written. Pass a \`store\`, such as new MemoryStore().`,
      );
    }
    return store;
  }

  /** The definition as it stands in the store: what a patch is applied to. */
  #written(key: string): JsonValue | undefined {
    const { store } = this.#replica;
    const documents = store === undefined ? [] : this.#replica.documentsOf(store);
    for (const { document } of documents.toReversed()) {
      const rows = isPlainObject(document) ? documentRows(document).flags : undefined;
      const found = rows?.get(key);
      if (found !== undefined) return written(key, found);
    }
    return undefined;
  }

  #report(
    key: string,
    old: FlagEntry | undefined,
    entry: FlagEntry | undefined,
    { actor, reason }: Attribution,
  ): void {
    this.#onChange({
      key,
      requestedKey: key,
      action: entry === undefined ? "removed" : old === undefined ? "created" : "updated",
      scope: "flag",
      actor,
      reason,
      oldValue: old?.definition,
      newValue: entry?.definition,
    });
  }
}

/** The version of flags that a store in memory began with. */
const FIRST_VERSION = 1;

/** What the store says of a flag, and nobody else. */
const READ_ONLY: readonly string[] = ["version", "createdAt", "updatedAt"];

/** A definition as stores keep it: an object, also where it was written as its value. */
function written(key: string, given: unknown): JsonValue {
  if (typeof given === "boolean") {
    // So that a percentage or a rule that is patched in beside it decides.
    return given ? { enabled: true } : { enabled: true, default: false };
  }
  if (!isPlainObject(given)) return { default: given as JsonValue };
  const own = Object.entries(given).filter(([name]) => !READ_ONLY.includes(name));
  if (own.length === 0 || !isDefinition(given)) {
    throw invalidFlag(
      key,
      `is a group of flags, not a definition of "${key}": write each flag under its whole key`,
    );
  }
  return Object.fromEntries(own) as JsonValue;
}

function notFound(key: string): HalyardError {
  return new HalyardError("FLAG_NOT_FOUND", `There is no flag "${key}".`);
}

function invalidFlag(key: string, message: string): HalyardError {
  const token = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return invalidDefinitions([{ path: `/flags/${token}`, message }]);
}
