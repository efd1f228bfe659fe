import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StoreHarness, storeSuite } from "@halyard/testing/store";
import type BetterSqlite from "better-sqlite3";
import Libsql from "libsql";
import { describe, it } from "vitest";
import { type SqliteDatabase, sqliteStore } from "../sqlite.ts";

const TABLES = ["", "_segments", "_groups", "_overrides", "_proposals", "_audit", "_meta"];

/** The suite over one file per test, which each store opens for itself. */
function harness(name: string, open: ((path: string) => SqliteDatabase) | undefined): StoreHarness {
  return {
    name: `SQLite by ${name}`,
    shared: true,
    manyWriters: true,
    audit: { limit: 1000, of: "entries" },
    create: async () => {
      const folder = mkdtempSync(join(tmpdir(), "halyard-sqlite-"));
      const path = join(folder, "flags.db");
      const opened: SqliteDatabase[] = [];
      return {
        open: ({ pollInterval = 20, auditLimit } = {}) => {
          if (open === undefined) return sqliteStore({ path, pollInterval, auditLimit });
          const database = open(path);
          opened.push(database);
          return sqliteStore({ database, pollInterval, auditLimit });
        },
        lose: async () => {
          const database = new Libsql(path);
          database.exec("PRAGMA busy_timeout = 2000");
          for (const table of TABLES) database.exec(`DROP TABLE "feature_flags${table}"`);
          database.close();
        },
        remove: async () => {
          for (const database of opened) database.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

storeSuite(harness("libsql", undefined), { describe, it });
storeSuite(
  harness("libsql, opened by the application", (path) => new Libsql(path)),
  { describe, it },
);

/** Part of Node from version 22.5. */
function nodeSqlite(): ((path: string) => SqliteDatabase) | undefined {
  try {
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite");
    return (path) => new DatabaseSync(path);
  } catch {
    return undefined;
  }
}

/** Its binary is for Node 22 and newer; loaded by an older one it ends the process. */
function betterSqlite(): ((path: string) => SqliteDatabase) | undefined {
  if (Number.parseInt(process.versions.node, 10) < 22) return undefined;
  const Database = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite;
  return (path) => new Database(path);
}

for (const [name, open, needs] of [
  ["node:sqlite", nodeSqlite(), "22.5"],
  ["better-sqlite3", betterSqlite(), "22"],
] as const) {
  if (open !== undefined) {
    storeSuite(harness(name, open), { describe, it });
  } else {
    describe.skip(`the store suite on SQLite by ${name}`, () => {
      it(`needs Node ${needs} or newer`, () => {});
    });
  }
}
