import {
  type Actor,
  type Attribution,
  type Clock,
  checkActor,
  checkLimit,
  copyPlain,
  type Flag,
} from "@halyard/core";
import {
  type DefinitionEdit,
  DefinitionWrites,
  FIRST_VERSION,
  notFound,
} from "./definition-writes.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";
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
export const APPLICATION: Actor = Object.freeze({ id: "application", type: "code" });

export class ReplicaDefinitions implements Definitions {
  readonly #replica: DefinitionsReplica;
  readonly #clock: Clock;
  readonly #onChange: NonNullable<Hooks["onChange"]>;
  readonly #writes: DefinitionWrites;

  constructor(replica: DefinitionsReplica, clock: Clock, onChange: NonNullable<Hooks["onChange"]>) {
    this.#replica = replica;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#writes = new DefinitionWrites(replica);
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
    const copy = copyPlain(definition);
    const entry = await this.#write({ what: "flag", key, op: "put", definition: copy }, options);
    if (entry === undefined) throw notFound("flag", key);
    return entry;
  }

  async patch(key: string, patch: unknown, options?: WriteOptions): Promise<FlagEntry> {
    const copy = copyPlain(patch);
    const entry = await this.#write({ what: "flag", key, op: "patch", patch: copy }, options);
    if (entry === undefined) throw notFound("flag", key);
    return entry;
  }

  async delete(key: string, options?: WriteOptions): Promise<boolean> {
    let existed = false;
    await this.#write({ what: "flag", key, op: "delete" }, options, (old) => {
      existed = old !== undefined;
    });
    return existed;
  }

  /** What the edit comes to is worked out when the writes before are over. */
  async #write(
    edit: DefinitionEdit,
    { ifVersion, actor = APPLICATION, reason, requestId }: WriteOptions = {},
    seen?: (old: FlagEntry | undefined) => void,
  ): Promise<FlagEntry | undefined> {
    const { key } = edit;
    const by: Attribution = {
      actor: checkActor(actor),
      reason,
      requestId,
      at: this.#clock(),
    };
    const store = this.#writes.storeFor("flag", key);
    const plan = () => {
      // Another source may have begun to define the flag while this waited for its turn.
      const change = this.#writes.plan({ ...edit, ifVersion });
      const old = this.get(key);
      seen?.(old);
      const needless = change.definition === undefined && old === undefined;
      return { old, changes: needless ? [] : [change] };
    };
    const { plan: planned, result } = await this.#replica.write(store, plan, by);
    const entry = this.get(key);
    if (result?.changed.includes(true)) this.#report(key, planned.old, entry, by);
    return entry;
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
