import type { Migration } from "@halyard/core";
import type { SqlSettings } from "../sql/options.ts";
import { checkMigrated, type Fault } from "../sql/schema.ts";
import { Connection, inodeOf, type SqliteDatabase } from "./driver.ts";
import { migrateTables, neededMigration } from "./migrate.ts";

/** Milliseconds that SQLite itself waits for a lock, and the process with it. */
const BUSY_TIMEOUT = 10;

export interface ConnectionOptions extends SqlSettings {
  /** The file; `undefined` for a database that is in none, or in one that is not known. */
  readonly path: string | undefined;
  /** Whether `open` opens a database that nobody else uses, and which is to be closed. */
  readonly owned: boolean;
  readonly open: () => SqliteDatabase;
  readonly fault: Fault;
}

/** The one connection of a store, opened when it is needed. */
export class LazyConnection {
  readonly #options: ConnectionOptions;
  #connection: Connection | undefined;
  /** Of the file, to see when it is another one. */
  #inode: bigint | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The connection, to tables that are up to date. */
  get(): Connection {
    if (this.#connection === undefined) {
      const { tables, migrates, fault } = this.#options;
      if (!migrates) checkMigrated(this.needed(), fault);
      this.#establish((connection) => {
        if (migrates) migrateTables(connection, tables, fault);
      });
    }
    this.#checkFile();
    return this.#connection as unknown as Connection;
  }

  /** Creates and migrates the tables, whether or not that is done by using them. */
  migrate(): Migration {
    const { tables, fault } = this.#options;
    return this.#establish((connection) => migrateTables(connection, tables, fault));
  }

  /** What {@link migrate} would do. Makes no file. */
  needed(): Migration {
    const { path, owned, open, tables, fault } = this.#options;
    if (path !== undefined && inodeOf(path) === undefined) {
      return neededMigration(undefined, tables, fault);
    }
    if (this.#connection !== undefined) return neededMigration(this.#connection, tables, fault);
    const database = open();
    try {
      return neededMigration(new Connection(database), tables, fault);
    } finally {
      if (owned) database.close();
    }
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.forget();
    if (this.#options.owned) connection?.database.close();
  }

  /** Opens the connection, if it is not open; it stays open if the work succeeds. */
  #establish<T>(work: (connection: Connection) => T): T {
    const { path, owned, open } = this.#options;
    if (this.#connection !== undefined) return work(this.#connection);
    const connection = new Connection(open());
    try {
      this.#prepare(connection);
      const result = work(connection);
      if (path !== undefined) this.#inode = inodeOf(path);
      this.#connection = connection;
      return result;
    } catch (error) {
      connection.forget();
      if (owned) connection.database.close();
      throw error;
    }
  }

  #prepare(connection: Connection): void {
    const { database } = connection;
    const { owned } = this.#options;
    if (owned) database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    const mode = connection.get("PRAGMA journal_mode")?.journal_mode;
    if (mode !== "wal" && mode !== "memory") database.exec("PRAGMA journal_mode = WAL");
    // What was acknowledged is to be there after a power cut, too.
    if (owned) database.exec("PRAGMA synchronous = FULL");
  }

  /** A file that was removed or replaced can still be written, and nobody would see it. */
  #checkFile(): void {
    const { path, fault } = this.#options;
    if (path === undefined || inodeOf(path) === this.#inode) return;
    throw fault(
      `was in a file that is gone or another one now: ${path}. The last good data serve until this process is started anew.`,
    );
  }
}
