import {
  type AuditEntry,
  type AuditFilter,
  auditPosition,
  checkLimit,
  isStorable,
  MAX_CHANGES,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  pageOf,
  positionOf,
  type StoredDefinition,
  scopeKey,
  touchedOf,
} from "@halyard/core";
import type { Found } from "../shared/feed.ts";
import type { StoreState } from "../shared/lineage.ts";
import {
  AUDIT_COLUMNS,
  auditEntryOf,
  DEFINITION_COLUMNS,
  definitionOf,
  OVERRIDE_COLUMNS,
  overrideOf,
  type SqlRow,
  type SqlValue,
  stateOfRow,
} from "./rows.ts";
import type { Tables } from "./schema.ts";

/** A statement with `?` for its values. */
export interface Query {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A query for a list, and what its rows are. */
export interface ListQuery<T> extends Query {
  readonly pageOf: (rows: readonly SqlRow[]) => Page<T>;
}

/**
 * Entries of the audit that a look goes through; behind by more, anything may have changed. Fewer
 * than are kept of any audit, so that what was removed is never missed.
 */
const MAX_BEHIND = 999;

/** Entries of the audit that a write removes at most: more than it can add. */
const MOST_REMOVED = 2 * MAX_CHANGES;

/** Longest text that is looked for: nothing longer is kept. */
const LONGEST_ID = 4096;

/** Conditions on rows, all of which must hold. */
class Conditions {
  readonly #parts: string[] = ["1 = 1"];
  readonly values: SqlValue[] = [];

  /** Nothing is added for a value that was not given. */
  add(sql: string, value: SqlValue | undefined): this {
    if (value === undefined) return this;
    this.#parts.push(sql);
    this.values.push(value);
    return this;
  }

  /** A text that no store keeps is that of no row. */
  text(sql: string, value: string | undefined): this {
    if (value === undefined || isStorable(value, LONGEST_ID)) return this.add(sql, value);
    this.#parts.push("1 = 0");
    return this;
  }

  after(sql: string, position: readonly string[]): this {
    this.#parts.push(sql);
    this.values.push(...position);
    return this;
  }

  get sql(): string {
    return this.#parts.join(" AND ");
  }
}

export function overridesQuery(
  { overrides }: Tables,
  { flagKey, layer, scope, expiredAt }: OverrideFilter,
  page: PageRequest,
): ListQuery<Override> {
  checkLimit(page.limit);
  const where = new Conditions()
    .text("flag_key = ?", flagKey)
    .text("layer = ?", layer)
    .text("scope = ?", scope)
    .add("expires_at <= ?", expiredAt);
  if (page.cursor !== undefined) {
    where.after("(flag_key, layer, scope) > (?, ?, ?)", positionOf(page.cursor, 3));
  }
  return {
    sql: `SELECT ${OVERRIDE_COLUMNS} FROM ${overrides} WHERE ${where.sql}
      ORDER BY flag_key, layer, scope LIMIT ${page.limit + 1}`,
    values: where.values,
    pageOf: (rows) =>
      pageOf(rows.map(overrideOf), page, (row) => [row.flagKey, row.layer, scopeKey(row.scope)]),
  };
}

export function membersQuery(
  { groups }: Tables,
  group: string,
  page: PageRequest,
): ListQuery<string> {
  checkLimit(page.limit);
  const where = new Conditions().text("group_name = ?", group);
  if (page.cursor !== undefined) where.after("user_id > ?", positionOf(page.cursor, 1));
  return {
    sql: `SELECT user_id FROM ${groups} WHERE ${where.sql} ORDER BY user_id LIMIT ${page.limit + 1}`,
    values: where.values,
    pageOf: (rows) =>
      pageOf(
        rows.map(({ user_id }) => String(user_id)),
        page,
        (user) => [user],
      ),
  };
}

/** Rows have a `group_name`. */
export function groupsQuery({ groups }: Tables, user: string): Query {
  const where = new Conditions().text("user_id = ?", user);
  return {
    sql: `SELECT group_name FROM ${groups} WHERE ${where.sql} ORDER BY group_name`,
    values: where.values,
  };
}

export function proposalsQuery(
  { proposals }: Tables,
  { key }: ProposalFilter,
  page: PageRequest,
): ListQuery<StoredDefinition> {
  checkLimit(page.limit);
  const where = new Conditions().text("key = ?", key);
  if (page.cursor !== undefined) where.after("key > ?", positionOf(page.cursor, 1));
  return {
    sql: `SELECT ${DEFINITION_COLUMNS} FROM ${proposals} WHERE ${where.sql}
      ORDER BY key LIMIT ${page.limit + 1}`,
    values: where.values,
    pageOf: (rows) => pageOf(rows.map(definitionOf), page, (row) => [row.key]),
  };
}

export function auditQuery(
  { audit }: Tables,
  { what, key, scope, action, actor, from, to }: AuditFilter,
  page: PageRequest,
): ListQuery<AuditEntry> {
  checkLimit(page.limit);
  const where = new Conditions()
    .text("subject = ?", what)
    .text("key = ?", key)
    .text("scope = ?", scope)
    .text("action = ?", action)
    .text("(actor ->> 'id') = ?", actor)
    .add("at >= ?", from)
    .add("at < ?", to)
    .add("id < ?", auditPosition(page.cursor));
  return {
    sql: `SELECT ${AUDIT_COLUMNS} FROM ${audit} WHERE ${where.sql}
      ORDER BY id DESC LIMIT ${page.limit + 1}`,
    values: where.values,
    pageOf: (rows) => pageOf(rows.map(auditEntryOf), page, ({ id }) => [id]),
  };
}

/** Removes the oldest entries up to this one, some at a time. Their ids rise one by one. */
export function pruning({ audit }: Tables, last: number): Query {
  return {
    sql: `DELETE FROM ${audit} WHERE id <= ?
      AND id < (SELECT min(id) FROM ${audit}) + ${MOST_REMOVED}`,
    values: [last],
  };
}

/** What was written after a version, in one statement and so as of one moment. */
export function lookQuery({ audit, meta }: Tables, seen: number | undefined): Query {
  return {
    sql: `SELECT m.store_id, m.version, a.version AS written, a.subject, a.key, a.scope
      FROM ${meta} m LEFT JOIN (
        SELECT id, version, subject, key, scope FROM ${audit} WHERE version > ?
        ORDER BY id LIMIT ${MAX_BEHIND + 1}
      ) a ON 1 = 1 ORDER BY a.id`,
    values: [seen ?? Number.MAX_SAFE_INTEGER],
  };
}

/** What the rows of {@link lookQuery} say. */
export function foundIn(
  rows: readonly SqlRow[],
  seen: number | undefined,
): { readonly state: StoreState | undefined; readonly found: Found } {
  const state = stateOfRow(rows[0]);
  const version = state?.version ?? -1;
  const entries = rows.filter(({ written }) => written !== null);
  const versions = new Set(entries.map(({ written }) => Number(written)));
  // Of each version something is there: else entries were removed, and what they said is unknown.
  const whole = entries.length <= MAX_BEHIND && versions.size === version - (seen ?? version);
  const touched = entries.map(({ subject, key, scope }) =>
    touchedOf({
      what: subject as AuditEntry["what"],
      key: String(key),
      scope: scope === null ? undefined : String(scope),
    }),
  );
  return { state, found: { version, touched: whole ? touched : undefined } };
}
