import { resolve } from "node:path";
import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  isStorable,
  type MigrateOptions,
  type Migration,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  type Store,
  type StoreChange,
  type StoreContents,
  type StoredDefinition,
  type SubjectContents,
  type SubjectQuery,
  type WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Found } from "../shared/feed.ts";
import { checkNames, invalidOption, milliseconds } from "../shared/options.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import {
  SQL_OPTIONS,
  type SqlSettings,
  type SqlStoreOptions,
  sqlSettings,
} from "../sql/options.ts";
import {
  auditQuery,
  foundIn,
  groupsQuery,
  type ListQuery,
  lookQuery,
  membersQuery,
  overridesQuery,
  proposalsQuery,
} from "../sql/queries.ts";
import { OVERRIDE_COLUMNS, overrideOf, stateOfRow } from "../sql/rows.ts";
import {
  type Connection,
  isBusy,
  libsql,
  type OpenFile,
  pause,
  type SqliteDatabase,
} from "./driver.ts";
import { LazyConnection } from "./lazy-connection.ts";
import { readRows } from "./read.ts";
import { writeRows } from "./write.ts";

/** Where the database is, and how it is used. */
export interface SqliteStoreOptions extends SqlStoreOptions {
  /**
   * The file; made when it is not there, its folder is not. Opened with the package `libsql`,
   * which is to be installed. `:memory:` is a database of this store alone.
   */
  readonly path?: string | undefined;
  /** Instead: an open database of `libsql`, `better-sqlite3` or `node:sqlite`, for nothing else. */
  readonly database?: SqliteDatabase | undefined;
}

/** Milliseconds that a write waits for those of other processes. */
const WRITE_DEADLINE = 10_000;

/** Milliseconds that a read at once waits for a process that is making the tables. */
const START_DEADLINE = 2000;

const ADVICE =
  "Check that the file, its folder and the files `-wal` and `-shm` beside it can be written by this process; see `cause`.";

/**
 * A store in a file of SQLite, for the processes of one machine. Reads and writes are made at once,
 * so an instance has its flags when it is made. Throws `INVALID_OPTIONS`, and `MISSING_PACKAGE`
 * when a `path` is given and `libsql` is not installed.
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  return new SqliteStore(options);
}

class SqliteStore extends BaseStore {
  readonly #settings: SqlSettings;
  readonly #connection: LazyConnection;
  #dataVersion: unknown;

  constructor(options: SqliteStoreOptions) {
    checkNames("sqliteStore", options, [...SQL_OPTIONS, "path", "database"]);
    const { path, database, name = "sqlite", pollInterval } = options;
    if ((path === undefined) === (database === undefined)) {
      throw invalidOption("sqliteStore", "give it a `path` or a `database`.");
    }
    if (path !== undefined && (path === "" || path.includes("\0"))) {
      throw invalidOption("sqliteStore", "`path` must be the path of a file.");
    }
    const settings = sqlSettings("sqliteStore", options);
    super({
      name,
      document: `${name} ${settings.tables.prefix}`,
      pollInterval: milliseconds("sqliteStore", "pollInterval", pollInterval, 50),
      advice: () => ADVICE,
    });
    const file = path === undefined || path === ":memory:" ? undefined : resolve(path);
    const openFile = path === undefined ? undefined : libsql();
    this.#settings = settings;
    this.#connection = new LazyConnection({
      ...settings,
      path: file,
      owned: database === undefined,
      open: () => database ?? (openFile as OpenFile)(file ?? ":memory:"),
      fault: (what) => this.failures.readFault(what),
    });
  }

  readSync(): StoreContents {
    const end = performance.now() + START_DEADLINE;
    while (true) {
      try {
        return this.#read((connection) => this.#contents(connection));
      } catch (error) {
        if (!isBusy((error as Error).cause) || performance.now() > end) throw error;
        pause(5);
      }
    }
  }

  async read(): Promise<StoreContents> {
    return this.#readPatiently((connection) => this.#contents(connection));
  }

  protected async put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const end = performance.now() + WRITE_DEADLINE;
    const backoff = new Backoff(1, 20);
    while (true) {
      try {
        return this.#writeNow(changes, by);
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw this.failures.write(error);
      }
      await delay(backoff.next());
      this.gate.check();
    }
  }

  async readSubject({ scopes, user }: SubjectQuery): Promise<SubjectContents> {
    const asked = JSON.stringify(scopes.filter((scope) => isStorable(scope, 4096)));
    const { overrides, meta } = this.#settings.tables;
    return this.#readPatiently((connection) =>
      connection.transaction("DEFERRED", () => {
        const floor = this.lineage.floor;
        const state = stateOfRow(connection.get(`SELECT store_id, version FROM ${meta}`));
        this.checkRead(state, floor);
        const rows = connection.all(
          `SELECT ${OVERRIDE_COLUMNS} FROM ${overrides}
            WHERE scope IN (SELECT value FROM json_each(?))`,
          asked,
        );
        const groups = user === undefined ? [] : this.#groups(connection, user);
        return { version: state?.version ?? 0, overrides: rows.map(overrideOf), groups };
      }),
    );
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    return this.#list(overridesQuery(this.#settings.tables, filter, page));
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    return this.#readPatiently((connection) => this.#groups(connection, user));
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#list(membersQuery(this.#settings.tables, group, page));
  }

  async listProposals(filter: ProposalFilter, page: PageRequest): Promise<Page<StoredDefinition>> {
    return this.#list(proposalsQuery(this.#settings.tables, filter, page));
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list(auditQuery(this.#settings.tables, filter, page));
  }

  async migrate({ dryRun = false }: MigrateOptions = {}): Promise<Migration> {
    return this.gate.run(() =>
      this.#attempt(() => (dryRun ? this.#connection.needed() : this.#connection.migrate())),
    );
  }

  protected async end(): Promise<void> {
    this.#connection.close();
  }

  #contents(connection: Connection): StoreContents {
    return connection.transaction("DEFERRED", () => {
      const { floor } = this.lineage;
      const row = connection.get(`SELECT store_id, version FROM ${this.#settings.tables.meta}`);
      const state = stateOfRow(row);
      this.checkRead(state, floor);
      const { latest } = this.cache;
      if (latest?.version === state?.version && latest !== undefined) return latest;
      const version = state?.version ?? 0;
      const taken = this.take(
        readRows(connection, this.#settings.tables, version, this.cache.since),
      );
      if (taken !== undefined) return taken;
      this.cache.clear();
      return this.take(readRows(connection, this.#settings.tables, version, -1)) as StoreContents;
    });
  }

  #groups(connection: Connection, user: string): readonly string[] {
    const { sql, values } = groupsQuery(this.#settings.tables, user);
    return connection.all(sql, ...values).map(({ group_name }) => String(group_name));
  }

  #list<T>({ sql, values, pageOf }: ListQuery<T>): Promise<Page<T>> {
    return this.#readPatiently((connection) => pageOf(connection.all(sql, ...values)));
  }

  /** Throws what SQLite says of a lock as it is. */
  #writeNow(changes: readonly StoreChange[], by: Attribution): WriteResult {
    const connection = this.#connection.get();
    const { floor } = this.lineage;
    return connection.transaction("IMMEDIATE", () =>
      writeRows(connection, this.#settings, changes, by, (state) => this.checkWrite(state, floor)),
    );
  }

  /** Whether another connection has written since it was asked before. */
  protected override glance(): boolean {
    const { data_version: version } = this.#connection.get().get("PRAGMA data_version") ?? {};
    if (version === this.#dataVersion) return false;
    this.#dataVersion = version;
    return true;
  }

  protected async look(seen: number | undefined): Promise<Found> {
    return this.#read((connection) => {
      const { floor } = this.lineage;
      const { sql, values } = lookQuery(this.#settings.tables, seen);
      const { state, found } = foundIn(connection.all(sql, ...values), seen);
      this.checkRead(state, floor);
      return found;
    });
  }

  #read<T>(work: (connection: Connection) => T): T {
    return this.#tell(() => work(this.#connection.get()));
  }

  /** Throws errors of SQLite as those of a read. */
  #tell<T>(work: () => T): T {
    this.gate.check();
    try {
      return work();
    } catch (error) {
      throw this.failures.read(error);
    }
  }

  /** Tries again while another process has the database for itself, which it has but briefly. */
  #readPatiently<T>(work: (connection: Connection) => T): Promise<T> {
    return this.gate.run(() => this.#attempt(() => work(this.#connection.get())));
  }

  async #attempt<T>(work: () => T): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        return this.#tell(work);
      } catch (error) {
        if (attempts === 50 || !isBusy((error as Error).cause)) throw error;
      }
      await delay(attempts);
    }
  }
}
