import type { Migration } from "@halyard/core";
import {
  type Dialect,
  type Fault,
  migrationFrom,
  type SchemaVersion,
  type Tables,
} from "../sql/schema.ts";
import { type Connection, isMissingTable } from "./driver.ts";

export const DIALECT: Dialect = {
  text: "TEXT",
  json: "TEXT",
  integer: "INTEGER",
  boolean: "INTEGER",
};

/** What the tables lack; without a connection, all. Throws for tables that this code can't use. */
export function neededMigration(
  connection: Connection | undefined,
  tables: Tables,
  fault: Fault,
): Migration {
  const version = connection === undefined ? 0 : versionIn(connection, tables);
  return migrationFrom(version, tables, DIALECT, fault);
}

/** Creates and migrates the tables. Throws for tables that this code can't use. */
export function migrateTables(connection: Connection, tables: Tables, fault: Fault): Migration {
  const needed = neededMigration(connection, tables, fault);
  if (needed.statements.length === 0) return needed;
  return connection.transaction("IMMEDIATE", () => {
    // Somebody else may have made it meanwhile.
    const migration = neededMigration(connection, tables, fault);
    for (const sql of migration.statements) connection.database.exec(sql);
    connection.forget();
    return migration;
  });
}

function versionIn(connection: Connection, { meta }: Tables): SchemaVersion {
  try {
    const row = connection.get(`SELECT schema_version FROM ${meta}`);
    return row && Number(row.schema_version);
  } catch (error) {
    if (isMissingTable(error)) return 0;
    throw error;
  }
}
