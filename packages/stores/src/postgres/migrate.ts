import type { Migration } from "@halyard/core";
import {
  type Dialect,
  type Fault,
  migrationFrom,
  type SchemaVersion,
  type Tables,
} from "../sql/schema.ts";
import { isMissingTable, type PostgresPool, type Queryable, rowsOf, withClient } from "./driver.ts";

// Not `jsonb`, which puts the keys of maps in an order of its own.
export const DIALECT: Dialect = {
  text: 'text COLLATE "C"',
  json: "json",
  integer: "bigint",
  boolean: "boolean",
};

/** Milliseconds that the tables may take to say their version. */
const LOOK_DEADLINE = 9000;

/** What the tables lack. Throws for tables that this code can't use. */
export async function neededMigration(
  pool: PostgresPool,
  tables: Tables,
  fault: Fault,
): Promise<Migration> {
  let version: SchemaVersion;
  try {
    version = await withClient(pool, LOOK_DEADLINE, (client) => versionIn(client, tables));
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    version = 0;
  }
  return migrationFrom(version, tables, DIALECT, fault);
}

/** Milliseconds that a migration may take, with waiting for others that are at it. */
const DEADLINE = 60_000;

/** Creates and migrates the tables. Throws for tables that this code can't use. */
export async function migrateTables(
  pool: PostgresPool,
  tables: Tables,
  fault: Fault,
): Promise<Migration> {
  const needed = await neededMigration(pool, tables, fault);
  if (needed.statements.length === 0) return needed;
  return withClient(pool, DEADLINE, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `halyard ${tables.prefix}`,
    ]);
    // Somebody else may have made it while this one waited.
    const [exists] = await rowsOf(client, "SELECT to_regclass($1) IS NOT NULL AS there", [
      tables.meta,
    ]);
    const version = exists?.there === true ? await versionIn(client, tables) : 0;
    const migration = migrationFrom(version, tables, DIALECT, fault);
    for (const sql of migration.statements) await client.query(sql);
    await client.query("COMMIT");
    return migration;
  });
}

async function versionIn(on: Queryable, { meta }: Tables): Promise<SchemaVersion> {
  const [row] = await rowsOf(on, `SELECT schema_version FROM ${meta}`);
  return row && Number(row.schema_version);
}
