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
import type { SqlSettings } from "../sql/options.ts";
import { pruning } from "../sql/queries.ts";
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
import type { Tables } from "../sql/schema.ts";
import type { Connection } from "./driver.ts";

/** Makes a write within a transaction. `check` throws when the store is not what it was. */
export function writeRows(
  connection: Connection,
  { tables, auditLimit }: SqlSettings,
  changes: readonly StoreChange[],
  by: Attribution,
  check: (state: StoreState | undefined) => void,
): WriteResult {
  const meta = connection.get(`SELECT store_id, version, audited FROM ${tables.meta}`);
  const state = stateOfRow(meta);
  check(state);
  const before = state?.version ?? 0;
  const plan = planWrite(changes, by, before, (change) => currentRow(connection, tables, change));
  const { version, changed, overrides } = plan;
  if (!changed.includes(true)) return { version: before, changed, audit: [], overrides };
  for (const row of plan.rows) putRow(connection, tables, row, by);
  let id = Number(meta?.audited);
  const audit = plan.audit.map((entry): AuditEntry => ({ id: String(++id), ...entry }));
  for (const entry of audit) {
    connection.run(`INSERT INTO ${tables.audit} VALUES (${marks(13)})`, ...auditValues(entry));
  }
  if (auditLimit !== undefined) {
    const { sql, values } = pruning(tables, id - auditLimit);
    connection.run(sql, ...values);
  }
  connection.run(`UPDATE ${tables.meta} SET version = ?, audited = ?`, version, id);
  return { version, changed, audit, overrides };
}

function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}

const TABLES = { flag: "flags", segment: "segments", proposal: "proposals" } as const;

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
      const table = tables[TABLES[change.what]];
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
  tables: Tables,
  planned: PlannedRow,
  by: Attribution,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const { groups, overrides } = tables;
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
      const table = tables[TABLES[what]];
      if (row === undefined) return { sql: `DELETE FROM ${table} WHERE key = ?`, values: [key] };
      const values = definitionValues(row, what);
      return { sql: `INSERT OR REPLACE INTO ${table} VALUES (${marks(values.length)})`, values };
    }
  }
}
