import { resolve } from "node:path";
import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  isStorable,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type Store,
  type StoreChange,
  type StoreContents,
  type SubjectContents,
  type SubjectQuery,
  type WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Found } from "../shared/feed.ts";
import { checkNames, invalidOption, milliseconds } from "../shared/options.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import {
  auditQuery,
  foundIn,
  groupsQuery,
  type ListQuery,
  lookQuery,
  membersQuery,
  overridesQuery,
} from "../sql/queries.ts";
import { OVERRIDE_COLUMNS, overrideOf, stateOfRow } from "../sql/rows.ts";
import { type Tables, tablesOf } from "../sql/schema.ts";
import {
  Connection,
  inodeOf,
  isBusy,
  libsql,
  type OpenFile,
  pause,
  type SqliteDatabase,
} from "./driver.ts";
import { readRows } from "./read.ts";
import { migrateTables, writeRows } from "./write.ts";

/** Where the database is, and how it is used. */
export interface SqliteStoreOptions {
  /**
   * The file; made when it is not there, its folder is not. Opened with the package `libsql`,
   * which is to be installed. `:memory:` is a database of this store alone.
   */
  readonly path?: string | undefined;
  /** Instead: an open database of `libsql`, `better-sqlite3` or `node:sqlite`, for nothing else. */
  readonly database?: SqliteDatabase | undefined;
  /** What the names of the tables begin with; `feature_flags` unless said otherwise. */
  readonly table?: string | undefined;
  /** For people, and unique within an instance; `sqlite` unless said otherwise. */
  readonly name?: string | undefined;
  /** Milliseconds between looks for what other processes wrote, which cost microseconds; 50. */
  readonly pollInterval?: number | undefined;
}

/** Milliseconds that a write waits for those of other processes. */
const WRITE_DEADLINE = 10_000;

/** Milliseconds that SQLite itself waits for a lock, and the process with it. */
const BUSY_TIMEOUT = 10;

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
  readonly #tables: Tables;
  readonly #path: string | undefined;
  /** Whether the database was opened here. */
  readonly #owned: boolean;
  readonly #open: () => SqliteDatabase;
  #connection: Connection | undefined;
  /** Of the file, to see when it is another one. */
  #inode: bigint | undefined;
  #dataVersion: unknown;

  constructor(options: SqliteStoreOptions) {
    const names = ["path", "database", "table", "name", "pollInterval"];
    checkNames("sqliteStore", options, names);
    const { path, database, table = "feature_flags", name = "sqlite", pollInterval } = options;
    if ((path === undefined) === (database === undefined)) {
      throw invalidOption("sqliteStore", "give it a `path` or a `database`.");
    }
    if (path !== undefined && (path === "" || path.includes("\0"))) {
      throw invalidOption("sqliteStore", "`path` must be the path of a file.");
    }
    super({
      name,
      document: `${name} ${table}`,
      pollInterval: milliseconds("sqliteStore", "pollInterval", pollInterval, 50),
      advice: () => ADVICE,
    });
    this.#owned = database === undefined;
    this.#tables = tablesOf("sqliteStore", table);
    this.#path = path === undefined || path === ":memory:" ? undefined : resolve(path);
    const openFile = path === undefined ? undefined : libsql();
    this.#open = () => database ?? (openFile as OpenFile)(this.#path ?? ":memory:");
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
    const { overrides, meta } = this.#tables;
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
    return this.#list(overridesQuery(this.#tables, filter, page));
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    return this.#readPatiently((connection) => this.#groups(connection, user));
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#list(membersQuery(this.#tables, group, page));
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list(auditQuery(this.#tables, filter, page));
  }

  async migrate(): Promise<void> {
    await this.#readPatiently(() => undefined);
  }

  protected async end(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.forget();
    if (this.#owned) connection?.database.close();
  }

  #contents(connection: Connection): StoreContents {
    return connection.transaction("DEFERRED", () => {
      const { floor } = this.lineage;
      const row = connection.get(`SELECT store_id, version FROM ${this.#tables.meta}`);
      const state = stateOfRow(row);
      this.checkRead(state, floor);
      const { latest } = this.cache;
      if (latest?.version === state?.version && latest !== undefined) return latest;
      const version = state?.version ?? 0;
      const taken = this.cache.take(readRows(connection, this.#tables, version, this.cache.since));
      if (taken !== undefined) return taken;
      this.cache.clear();
      return this.cache.take(readRows(connection, this.#tables, version, -1)) as StoreContents;
    });
  }

  #groups(connection: Connection, user: string): readonly string[] {
    const { sql, values } = groupsQuery(this.#tables, user);
    return connection.all(sql, ...values).map(({ group_name }) => String(group_name));
  }

  #list<T>({ sql, values, pageOf }: ListQuery<T>): Promise<Page<T>> {
    return this.#readPatiently((connection) => pageOf(connection.all(sql, ...values)));
  }

  /** Throws what SQLite says of a lock as it is. */
  #writeNow(changes: readonly StoreChange[], by: Attribution): WriteResult {
    const connection = this.#connect();
    this.#checkFile();
    const { floor } = this.lineage;
    return connection.transaction("IMMEDIATE", () =>
      writeRows(connection, this.#tables, changes, by, (state) => this.checkWrite(state, floor)),
    );
  }

  /** Whether another connection has written since it was asked before. */
  protected override glance(): boolean {
    const connection = this.#connect();
    this.#checkFile();
    const { data_version: version } = connection.get("PRAGMA data_version") ?? {};
    if (version === this.#dataVersion) return false;
    this.#dataVersion = version;
    return true;
  }

  protected async look(seen: number | undefined): Promise<Found> {
    return this.#read((connection) => {
      const { floor } = this.lineage;
      const { sql, values } = lookQuery(this.#tables, seen);
      const { state, found } = foundIn(connection.all(sql, ...values), seen);
      this.checkRead(state, floor);
      return found;
    });
  }

  #read<T>(work: (connection: Connection) => T): T {
    this.gate.check();
    try {
      const connection = this.#connect();
      this.#checkFile();
      return work(connection);
    } catch (error) {
      throw this.failures.read(error);
    }
  }

  /** Tries again while another process has the database for itself, which it has but briefly. */
  #readPatiently<T>(work: (connection: Connection) => T): Promise<T> {
    return this.gate.run(() => this.#attempt(work));
  }

  async #attempt<T>(work: (connection: Connection) => T): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        return this.#read(work);
      } catch (error) {
        if (attempts === 50 || !isBusy((error as Error).cause)) throw error;
      }
      await delay(attempts);
    }
  }

  #connect(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    const connection = new Connection(this.#open());
    try {
      this.#prepare(connection);
    } catch (error) {
      connection.forget();
      if (this.#owned) connection.database.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }

  #prepare(connection: Connection): void {
    const { database } = connection;
    if (this.#owned) database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    const mode = connection.get("PRAGMA journal_mode")?.journal_mode;
    if (mode !== "wal" && mode !== "memory") database.exec("PRAGMA journal_mode = WAL");
    // What was acknowledged is to be there after a power cut, too.
    if (this.#owned) database.exec("PRAGMA synchronous = FULL");
    const problem = migrateTables(connection, this.#tables);
    if (problem !== undefined) throw this.failures.readFault(problem);
    if (this.#path !== undefined) this.#inode = inodeOf(this.#path);
  }

  /** A file that was removed or replaced can still be written, and nobody would see it. */
  #checkFile(): void {
    if (this.#path === undefined) return;
    if (inodeOf(this.#path) === this.#inode) return;
    throw this.failures.readFault(
      `was in a file that is gone or another one now: ${this.#path}. The last good data serve until this process is started anew.`,
    );
  }
}
