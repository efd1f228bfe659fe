import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { missingPackage } from "../shared/options.ts";
import type { SqlRow, SqlValue } from "../sql/rows.ts";

/** What is used of a database of `libsql`, `better-sqlite3` or `node:sqlite`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  run(...values: SqlValue[]): unknown;
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown;
}

/** Opens a file, or `:memory:`. */
export type OpenFile = (path: string) => SqliteDatabase;

/** What opens files with `libsql`. Throws `MISSING_PACKAGE` when it is not there. */
export function libsql(): OpenFile {
  try {
    // At once, not by `import()`: the flags are then there when the application starts.
    const Database = createRequire(import.meta.url)("libsql") as new (
      path: string,
    ) => SqliteDatabase;
    return (path) => new Database(path);
  } catch (cause) {
    throw missingPackage("libsql", "^0.5.0", cause);
  }
}

/** A database with its statements, prepared once each. */
export class Connection {
  readonly database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.database = database;
  }

  all(sql: string, ...values: SqlValue[]): readonly SqlRow[] {
    return this.#prepare(sql).all(...values) as readonly SqlRow[];
  }

  get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return (this.#prepare(sql).get(...values) ?? undefined) as SqlRow | undefined;
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.#prepare(sql).run(...values);
  }

  /** Runs in a transaction of this kind; what throws undoes all of it. */
  transaction<T>(kind: "DEFERRED" | "IMMEDIATE", work: () => T): T {
    this.database.exec(`BEGIN ${kind}`);
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself, and the first error says why.
      }
      throw error;
    }
  }

  /** Statements of another schema, or too many of them, are not kept. */
  forget(): void {
    this.#statements.clear();
  }

  #prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= 100) this.#statements.clear();
    const statement = this.database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as {
    readonly code?: unknown;
    readonly errcode?: unknown;
  };
  return (
    (typeof code === "string" && /^SQLITE_(BUSY|LOCKED)/.test(code)) ||
    (typeof errcode === "number" && [5, 6].includes(errcode & 0xff))
  );
}

/** Whether a table is not there. */
export function isMissingTable(error: unknown): boolean {
  return /no such table/i.test((error as Error | undefined)?.message ?? "");
}

/** Of a file, to see when it is another one; `undefined` when there is none. */
export function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Holds the thread up for so many milliseconds. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
