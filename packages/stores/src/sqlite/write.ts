import { randomUUID } from "node:crypto";
import {
  type Attribution,
  type AuditEntry,
  type PlannedRow,
  planWrite,
  type Row,
  type StoreChange,
  type WriteResult,
} from "@halyard/core";
import type { StoreState } from "../shared/lineage.ts";
import {
  auditValues,
  DEFINITION_COLUMNS,
  definitionOf,
  definitionValues,
  OVERRIDE_COLUMNS,
  overrideOf,
  overrideValues,
  type SqlValue,
  stateOfRow,
} from "../sql/rows.ts";
import {
  type Dialect,
  migrationFrom,
  SCHEMA_VERSION,
  schemaProblem,
  type Tables,
} from "../sql/schema.ts";
import { type Connection, isMissingTable } from "./driver.ts";

const DIALECT: Dialect = { text: "TEXT", json: "TEXT", integer: "INTEGER", boolean: "INTEGER" };

/** The version of the schema; 0 when there is none. */
function schemaOf(connection: Connection, { meta }: Tables): number {
  try {
    return Number(connection.get(`SELECT schema_version FROM ${meta}`)?.schema_version ?? -1);
  } catch (error) {
    if (isMissingTable(error)) return 0;
    throw error;
  }
}

/** Creates and migrates the tables. Gives what is wrong with them, if this code can't use them. */
export function migrateTables(connection: Connection, tables: Tables): string | undefined {
  if (schemaOf(connection, tables) === SCHEMA_VERSION) return undefined;
  return connection.transaction("IMMEDIATE", () => {
    const version = schemaOf(connection, tables);
    // A table without its row is not new: whoever reads it says so.
    if (version < 0 || version === SCHEMA_VERSION) return undefined;
    const problem = schemaProblem(version);
    if (problem !== undefined) return problem;
    for (const sql of migrationFrom(version, tables, DIALECT, randomUUID())) {
      connection.database.exec(sql);
    }
    connection.forget();
    return undefined;
  });
}

/** Makes a write within a transaction. `check` throws when the store is not what it was. */
export function writeRows(
  connection: Connection,
  tables: Tables,
  changes: readonly StoreChange[],
  by: Attribution,
  check: (state: StoreState | undefined) => void,
): WriteResult {
  const meta = connection.get(`SELECT store_id, version, audited FROM ${tables.meta}`);
  const state = stateOfRow(meta);
  check(state);
  const before = state?.version ?? 0;
  const plan = planWrite(changes, by, before, (change) => currentRow(connection, tables, change));
  const { version, changed } = plan;
  if (!changed.includes(true)) return { version: before, changed, audit: [] };
  for (const row of plan.rows) putRow(connection, tables, row, by);
  let id = Number(meta?.audited);
  const audit = plan.audit.map((entry): AuditEntry => ({ id: String(++id), ...entry }));
  for (const entry of audit) {
    connection.run(`INSERT INTO ${tables.audit} VALUES (${marks(12)})`, ...auditValues(entry));
  }
  connection.run(`UPDATE ${tables.meta} SET version = ?, audited = ?`, version, id);
  return { version, changed, audit };
}

function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}

function currentRow(connection: Connection, tables: Tables, change: StoreChange): Row {
  switch (change.what) {
    case "group": {
      const sql = `SELECT 1 FROM ${tables.groups} WHERE user_id = ? AND group_name = ?`;
      return connection.get(sql, change.user, change.group) === undefined ? undefined : true;
    }
    case "override": {
      const sql = `SELECT ${OVERRIDE_COLUMNS} FROM ${tables.overrides}
        WHERE flag_key = ? AND layer = ? AND scope = ?`;
      const row = connection.get(sql, change.flagKey, change.layer, change.scope);
      return row && overrideOf(row);
    }
    default: {
      const table = change.what === "flag" ? tables.flags : tables.segments;
      const row = connection.get(
        `SELECT ${DEFINITION_COLUMNS} FROM ${table} WHERE key = ?`,
        change.key,
      );
      return row && definitionOf(row);
    }
  }
}

function putRow(
  connection: Connection,
  tables: Tables,
  planned: PlannedRow,
  by: Attribution,
): void {
  const { sql, values } = putStatement(tables, planned, by);
  connection.run(sql, ...values);
}

function putStatement(
  { flags, segments, groups, overrides }: Tables,
  planned: PlannedRow,
  by: Attribution,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  switch (planned.what) {
    case "group": {
      const { user, group, row } = planned;
      if (row === undefined) {
        const sql = `DELETE FROM ${groups} WHERE user_id = ? AND group_name = ?`;
        return { sql, values: [user, group] };
      }
      const sql = `INSERT INTO ${groups} VALUES (${marks(4)}) ON CONFLICT DO NOTHING`;
      return { sql, values: [user, group, by.at, JSON.stringify(by.actor)] };
    }
    case "override": {
      const { flagKey, layer, scope } = planned.slot;
      if (planned.row === undefined) {
        const sql = `DELETE FROM ${overrides} WHERE flag_key = ? AND layer = ? AND scope = ?`;
        return { sql, values: [flagKey, layer, scope] };
      }
      const sql = `INSERT OR REPLACE INTO ${overrides} VALUES (${marks(12)})`;
      return { sql, values: overrideValues(planned.row, scope) };
    }
    default: {
      const { what, key, row } = planned;
      const table = what === "flag" ? flags : segments;
      if (row === undefined) return { sql: `DELETE FROM ${table} WHERE key = ?`, values: [key] };
      const values = definitionValues(row, what);
      return { sql: `INSERT OR REPLACE INTO ${table} VALUES (${marks(values.length)})`, values };
    }
  }
}
