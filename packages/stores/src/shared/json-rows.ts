import {
  type Actor,
  type AuditEntry,
  freezeJson,
  type JsonValue,
  type Override,
  parseScopeKey,
  type StoredDefinition,
  scopeKey,
} from "@halyard/core";

/** Rows as one text each, for stores that keep texts. */

type Fields = Readonly<Record<string, JsonValue>>;

function fieldsOf(text: string): Fields {
  return freezeJson(JSON.parse(text)) as unknown as Fields;
}

/** What was not there when it was written is `undefined` again. */
function optional<T>(value: JsonValue | undefined): T | undefined {
  return value as T | undefined;
}

export function definitionText(row: StoredDefinition): string {
  return JSON.stringify(row);
}

export function definitionFrom(text: string): StoredDefinition {
  return fieldsOf(text) as unknown as StoredDefinition;
}

export function overrideText(row: Override): string {
  return JSON.stringify({ ...row, scope: scopeKey(row.scope) });
}

export function overrideFrom(text: string): Override {
  const fields = fieldsOf(text);
  return Object.freeze({
    flagKey: String(fields.flagKey),
    layer: fields.layer as Override["layer"],
    scope: parseScopeKey(String(fields.scope)),
    state: fields.state as Override["state"],
    value: fields.value,
    reason: optional<string>(fields.reason),
    actor: fields.actor as unknown as Actor,
    createdAt: Number(fields.createdAt),
    createdBy: fields.createdBy as unknown as Actor,
    updatedAt: Number(fields.updatedAt),
    expiresAt: optional<number>(fields.expiresAt),
    version: Number(fields.version),
  });
}

export function auditText(entry: AuditEntry): string {
  return JSON.stringify(entry);
}

export function auditFrom(text: string): AuditEntry {
  const fields = fieldsOf(text);
  return Object.freeze({
    id: String(fields.id),
    at: Number(fields.at),
    action: fields.action as AuditEntry["action"],
    what: fields.what as AuditEntry["what"],
    key: String(fields.key),
    scope: optional<string>(fields.scope),
    before: fields.before,
    after: fields.after,
    actor: fields.actor as unknown as Actor,
    reason: optional<string>(fields.reason),
    requestId: optional<string>(fields.requestId),
    bypass: optional<boolean>(fields.bypass),
    version: Number(fields.version),
  });
}
