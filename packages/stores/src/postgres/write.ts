import {
  type Attribution,
  type AuditEntry,
  type PlannedRow,
  planWrite,
  type Row,
  rowId,
  type StoreChange,
  scopeKey,
  type WritePlan,
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
  type SqlRow,
  type SqlValue,
  stateOfRow,
} from "../sql/rows.ts";
import type { Tables } from "../sql/schema.ts";
import { numbered, type PostgresClient, rowsOf } from "./driver.ts";

/**
 * Milliseconds that a write waits for those of others, and that one may take. A process that goes
 * silent amid a write loses the lock before others give up waiting for it.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
  SET LOCAL lock_timeout = 8000; SET LOCAL statement_timeout = 9000;
  SET LOCAL idle_in_transaction_session_timeout = 4000`;

/**
 * Makes a write up to its commit, with the row of the store's version locked. `check` throws when
 * the store is not what it was. Whether there is anything to commit is in the result's audit.
 */
export async function prepareWrite(
  client: PostgresClient,
  { tables, auditLimit }: SqlSettings,
  changes: readonly StoreChange[],
  by: Attribution,
  check: (state: StoreState | undefined) => void,
): Promise<WriteResult> {
  await client.query(BEGIN);
  const [meta] = await rowsOf(
    client,
    `SELECT store_id, version, audited FROM ${tables.meta} FOR UPDATE`,
  );
  const state = stateOfRow(meta);
  check(state);
  const before = state?.version ?? 0;
  const rows = await currentRows(client, tables, changes);
  const plan = planWrite(changes, by, before, (change) => rows.get(rowId(change)));
  const { version, changed, overrides } = plan;
  if (!changed.includes(true)) return { version: before, changed, audit: [], overrides };
  const first = Number(meta?.audited) + 1;
  const audit = plan.audit.map(
    (entry, index): AuditEntry => ({ id: String(first + index), ...entry }),
  );
  for (const { sql, values } of statements(tables, plan, audit, by)) {
    await client.query(sql, values);
  }
  const last = first + audit.length - 1;
  if (auditLimit !== undefined) {
    const { sql, values } = pruning(tables, last - auditLimit);
    await client.query(numbered(sql), [...values]);
  }
  await client.query(
    `WITH moved AS (UPDATE ${tables.meta} SET version = $1::bigint, audited = $2::bigint)
      SELECT pg_notify($3, $1::bigint::text)`,
    [version, last, channelOf(tables)],
  );
  return { version, changed, audit, overrides };
}

/** The channel on which a store tells of its version. */
export function channelOf({ prefix }: Tables): string {
  return `${prefix}_changes`;
}

/** The rows that changes are about, by `rowId`. */
async function currentRows(
  client: PostgresClient,
  tables: Tables,
  changes: readonly StoreChange[],
): Promise<ReadonlyMap<string, Row>> {
  const found = new Map<string, Row>();
  for (const [what, table] of [
    ["flag", tables.flags],
    ["segment", tables.segments],
    ["proposal", tables.proposals],
  ] as const) {
    const keys = changes.flatMap((change) => (change.what === what ? change.key : []));
    if (keys.length === 0) continue;
    const sql = `SELECT ${DEFINITION_COLUMNS} FROM ${table} WHERE key = ANY($1::text[])`;
    for (const row of await rowsOf(client, sql, [keys])) {
      const key = String(row.key);
      found.set(rowId({ what, key, definition: undefined }), definitionOf(row));
    }
  }
  const slots = changes.flatMap((change) => (change.what === "override" ? change : []));
  if (slots.length > 0) {
    const sql = `SELECT ${OVERRIDE_COLUMNS} FROM ${tables.overrides}
      WHERE (flag_key, layer, scope) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))`;
    const columns = [
      slots.map((s) => s.flagKey),
      slots.map((s) => s.layer),
      slots.map((s) => s.scope),
    ];
    for (const row of await rowsOf(client, sql, columns))
      found.set(overrideId(row), overrideOf(row));
  }
  const members = changes.flatMap((change) => (change.what === "group" ? change : []));
  if (members.length > 0) {
    const sql = `SELECT user_id, group_name FROM ${tables.groups}
      WHERE (user_id, group_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
    const columns = [members.map(({ user }) => user), members.map(({ group }) => group)];
    for (const { user_id, group_name } of await rowsOf(client, sql, columns)) {
      const member = { user: String(user_id), group: String(group_name), member: true };
      found.set(rowId({ what: "group", ...member }), true);
    }
  }
  return found;
}

function overrideId(row: SqlRow): string {
  const { flagKey, layer, scope } = overrideOf(row);
  const slot = { flagKey, layer: layer as never, scope: scopeKey(scope) };
  return rowId({ what: "override", ...slot, put: undefined });
}

interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

/** The types of the columns, in the order of the tables. */
const TYPES = {
  flags: "text text text json boolean bigint bigint json bigint json",
  segments: "text json bigint bigint json bigint json",
  proposals: "text json bigint bigint json bigint json",
  groups: "text text bigint json",
  overrides: "text text text text json text json bigint bigint json bigint bigint",
  audit: "bigint bigint text text text text json json json text text bigint bigint",
} as const;

/** Columns that name a row, in the order of the tables, which they begin. */
const KEYS = {
  flags: ["key"],
  segments: ["key"],
  proposals: ["key"],
  groups: ["user_id", "group_name"],
  overrides: ["flag_key", "layer", "scope"],
} as const;

type Table = keyof typeof KEYS;

/** What to write, a statement per table and kind of change. */
function statements(
  tables: Tables,
  plan: WritePlan,
  audit: readonly AuditEntry[],
  by: Attribution,
): readonly Statement[] {
  const rows = plan.rows.map((row) => rowOf(row, by));
  const all = (Object.keys(KEYS) as Table[]).flatMap((table) => {
    const own = rows.filter((row) => row.table === table);
    const gone = own.filter(({ stays }) => !stays).map(({ values }) => values);
    const put = own.filter(({ stays }) => stays).map(({ values }) => values);
    return [
      ...(gone.length > 0 ? [deletion(tables[table], KEYS[table], gone)] : []),
      // One that is there already is deleted first: an update would be the same, in more words.
      ...(put.length > 0
        ? [deletion(tables[table], KEYS[table], put), insertion(tables[table], TYPES[table], put)]
        : []),
    ];
  });
  return [...all, insertion(tables.audit, TYPES.audit, audit.map(auditValues))];
}

interface TableRow {
  readonly table: Table;
  readonly stays: boolean;
  /** All columns of one that stays; at least those of the key of one that goes. */
  readonly values: readonly SqlValue[];
}

function rowOf(planned: PlannedRow, by: Attribution): TableRow {
  const stays = planned.row !== undefined;
  switch (planned.what) {
    case "group": {
      const values = [planned.user, planned.group, by.at, JSON.stringify(by.actor)];
      return { table: "groups", stays, values };
    }
    case "override": {
      const { slot, row } = planned;
      const values = row ? overrideValues(row, slot.scope) : [slot.flagKey, slot.layer, slot.scope];
      return { table: "overrides", stays, values };
    }
    default: {
      const { what, key, row } = planned;
      const values = row ? definitionValues(row, what) : [key];
      return { table: `${what}s`, stays, values };
    }
  }
}

/** The values of each column, as PostgreSQL takes many rows in one statement. */
function columnsOf(rows: readonly (readonly SqlValue[])[], count: number): SqlValue[][] {
  return Array.from({ length: count }, (_, column) => rows.map((row) => row[column] ?? null));
}

function deletion(
  table: string,
  key: readonly string[],
  rows: readonly (readonly SqlValue[])[],
): Statement {
  const arrays = key.map((_, index) => `$${index + 1}::text[]`).join(", ");
  return {
    sql: `DELETE FROM ${table} WHERE (${key.join(", ")}) IN (SELECT * FROM unnest(${arrays}))`,
    values: columnsOf(rows, key.length),
  };
}

function insertion(
  table: string,
  types: string,
  rows: readonly (readonly SqlValue[])[],
): Statement {
  const columns = types.split(" ");
  // Arrays of JSON can't be told from JSON that is an array, so they go as text.
  const arrays = columns.map(
    (type, index) =>
      `$${index + 1}::${type === "boolean" ? "int" : type === "json" ? "text" : type}[]`,
  );
  const names = columns.map((_, index) => `c${index}`);
  return {
    sql: `INSERT INTO ${table} SELECT ${names.map((name, index) => `${name}::${columns[index]}`).join(", ")}
      FROM unnest(${arrays.join(", ")}) AS r (${names.join(", ")})`,
    values: columnsOf(rows, columns.length),
  };
}
