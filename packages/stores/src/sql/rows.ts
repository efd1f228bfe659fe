import {
  type Actor,
  type AuditEntry,
  freezeJson,
  isPlainObject,
  type JsonValue,
  type Override,
  type PlannedRow,
  parseScopeKey,
  type StoredDefinition,
} from "@halyard/core";
import type { StoreState } from "../shared/lineage.ts";

/** A row as a driver gives it: JSON as text, whole numbers as numbers or as text. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** What a driver takes. */
export type SqlValue = string | number | null;

function parsed(text: unknown): JsonValue {
  return freezeJson(JSON.parse(String(text))) as JsonValue;
}

function optionalText(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function optionalJson(value: unknown): JsonValue | undefined {
  return value === null || value === undefined ? undefined : parsed(value);
}

export function stateOfRow(row: SqlRow | undefined): StoreState | undefined {
  if (row === undefined || row.store_id === null) return undefined;
  return { id: String(row.store_id), version: Number(row.version) };
}

/** Columns of a row with the JSON as text, whatever the driver makes of JSON. */
export const DEFINITION_COLUMNS = `key, CAST(definition AS text) AS definition, version, created_at,
  CAST(created_by AS text) AS created_by, updated_at, CAST(updated_by AS text) AS updated_by`;

export function definitionOf(row: SqlRow): StoredDefinition {
  return Object.freeze({
    key: String(row.key),
    definition: parsed(row.definition),
    version: Number(row.version),
    createdAt: Number(row.created_at),
    createdBy: parsed(row.created_by) as unknown as Actor,
    updatedAt: Number(row.updated_at),
    updatedBy: parsed(row.updated_by) as unknown as Actor,
  });
}

/** In the order of the table. */
export function definitionValues(row: StoredDefinition, what: PlannedRow["what"]): SqlValue[] {
  const common = [
    JSON.stringify(row.definition),
    row.version,
    row.createdAt,
    JSON.stringify(row.createdBy),
    row.updatedAt,
    JSON.stringify(row.updatedBy),
  ];
  if (what !== "flag") return [row.key, ...common];
  const { name, description, enabled } = isPlainObject(row.definition) ? row.definition : {};
  const [definition, ...rest] = common as [string, ...SqlValue[]];
  const isOn = enabled === false ? 0 : 1;
  return [row.key, textOrNull(name), textOrNull(description), definition, isOn, ...rest];
}

/** Columns for people must not stand in the way of a definition that the database would refuse. */
function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\ufffd") : null;
}

export const OVERRIDE_COLUMNS = `flag_key, layer, scope, state, CAST(value AS text) AS value, reason,
  CAST(actor AS text) AS actor, expires_at, created_at, CAST(created_by AS text) AS created_by,
  updated_at, version`;

export function overrideOf(row: SqlRow): Override {
  return Object.freeze({
    flagKey: String(row.flag_key),
    layer: row.layer as Override["layer"],
    scope: parseScopeKey(String(row.scope)),
    state: row.state as Override["state"],
    value: optionalJson(row.value),
    reason: optionalText(row.reason),
    actor: parsed(row.actor) as unknown as Actor,
    createdAt: Number(row.created_at),
    createdBy: parsed(row.created_by) as unknown as Actor,
    updatedAt: Number(row.updated_at),
    expiresAt: optionalNumber(row.expires_at),
    version: Number(row.version),
  });
}

/** In the order of the table. `scope` is the key of the override's. */
export function overrideValues(row: Override, scope: string): SqlValue[] {
  return [
    row.flagKey,
    row.layer,
    scope,
    row.state,
    row.value === undefined ? null : JSON.stringify(row.value),
    row.reason ?? null,
    JSON.stringify(row.actor),
    row.expiresAt ?? null,
    row.createdAt,
    JSON.stringify(row.createdBy),
    row.updatedAt,
    row.version,
  ];
}

export const AUDIT_COLUMNS = `id, at, action, subject, key, scope, CAST(before AS text) AS before,
  CAST(after AS text) AS after, CAST(actor AS text) AS actor, reason, request_id, version, bypass`;

export function auditEntryOf(row: SqlRow): AuditEntry {
  return Object.freeze({
    id: String(Number(row.id)),
    at: Number(row.at),
    action: row.action as AuditEntry["action"],
    what: row.subject as AuditEntry["what"],
    key: String(row.key),
    scope: optionalText(row.scope),
    before: optionalJson(row.before),
    after: optionalJson(row.after),
    actor: parsed(row.actor) as unknown as Actor,
    reason: optionalText(row.reason),
    requestId: optionalText(row.request_id),
    bypass: Number(row.bypass) === 1 ? true : undefined,
    version: Number(row.version),
  });
}

/** In the order of the table. */
export function auditValues(entry: AuditEntry): SqlValue[] {
  return [
    Number(entry.id),
    entry.at,
    entry.action,
    entry.what,
    entry.key,
    entry.scope ?? null,
    entry.before === undefined ? null : JSON.stringify(entry.before),
    entry.after === undefined ? null : JSON.stringify(entry.after),
    JSON.stringify(entry.actor),
    entry.reason ?? null,
    entry.requestId ?? null,
    entry.version,
    entry.bypass === true ? 1 : null,
  ];
}
