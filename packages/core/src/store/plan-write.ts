import { HalyardError } from "../errors.ts";
import { freezeJson, isPlainObject, type JsonValue } from "../json.ts";
import type { Actor } from "../overrides/actor.ts";
import { type Override, stateOf } from "../overrides/override.ts";
import { parseScopeKey } from "../overrides/scope.ts";
import type {
  Attribution,
  AuditAction,
  AuditEntry,
  DefinitionChange,
  GroupChange,
  OverrideChange,
  ProposalChange,
  StoreChange,
} from "./store.ts";

/** A flag, a segment or a proposal as a store keeps it. */
export interface StoredDefinition {
  readonly key: string;
  readonly definition: JsonValue;
  /** The store's version that it was written in last. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number;
  readonly updatedBy: Actor;
}

/**
 * The definition with what the store knows of it, as its documents have it. Make it once per row:
 * the loader parses again what is another object.
 */
export function documentEntry(row: StoredDefinition): JsonValue {
  if (!isPlainObject(row.definition)) return row.definition;
  const { version, createdAt, updatedAt } = row;
  return {
    ...row.definition,
    version,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

/** A row as it is to be after a write; `undefined` in the place of one that goes. */
export type Row = StoredDefinition | Override | true | undefined;

/** What a write does to a store: made here for all of them, so that all of them mean the same. */
export interface WritePlan {
  /** The store's version with the write. */
  readonly version: number;
  /** Rows that are other ones, each once, as they end up. */
  readonly rows: readonly PlannedRow[];
  /** Oldest first. */
  readonly audit: readonly Omit<AuditEntry, "id">[];
  /** For each change, whether it changed anything. Nothing to write if none did. */
  readonly changed: readonly boolean[];
  /** For each change of an override, what is in its slot then. */
  readonly overrides: readonly (Override | undefined)[];
}

export type PlannedRow =
  | {
      readonly what: "flag" | "segment" | "proposal";
      readonly key: string;
      readonly row: StoredDefinition | undefined;
    }
  | { readonly what: "override"; readonly slot: OverrideSlot; readonly row: Override | undefined }
  | {
      readonly what: "group";
      readonly group: string;
      readonly user: string;
      readonly row: true | undefined;
    };

export type OverrideSlot = Pick<OverrideChange, "flagKey" | "layer" | "scope">;

/** Names the row that a change is about; equal for changes of the same row. */
export function rowId(change: StoreChange): string {
  switch (change.what) {
    case "override":
      return JSON.stringify(["override", change.flagKey, change.layer, change.scope]);
    case "group":
      return JSON.stringify(["group", change.group, change.user]);
    default:
      return JSON.stringify([change.what, change.key]);
  }
}

/**
 * Works out what changes do to the rows that they are about. `current` gives those rows as they
 * are, read under the lock that the write holds; `version` is the store's before the write. Throws
 * `VERSION_CONFLICT`.
 */
export function planWrite(
  changes: readonly StoreChange[],
  by: Attribution,
  version: number,
  current: (change: StoreChange) => Row,
): WritePlan {
  const next = version + 1;
  const rows = new Map<string, PlannedRow>();
  const audit: Omit<AuditEntry, "id">[] = [];
  const overrides: (Override | undefined)[] = [];
  const changed = changes.map((change) => {
    const id = rowId(change);
    const planned = rows.get(id);
    const old = planned === undefined ? current(change) : planned.row;
    checkVersion(change, old);
    const row = plannedRow(change, old, by, next);
    const left = row === undefined ? old : row.row;
    overrides.push(change.what === "override" ? (left as Override | undefined) : undefined);
    if (row === undefined) return false;
    rows.set(id, row);
    audit.push(entry(change, old, row.row, by, next));
    return true;
  });
  return { version: next, rows: [...rows.values()], audit, changed, overrides };
}

function checkVersion(change: StoreChange, old: Row): void {
  if (change.what === "group" || change.ifVersion === undefined) return;
  const wanted = change.ifVersion;
  const found = old === undefined || old === true ? 0 : old.version;
  if (found === wanted) return;
  const name = change.what === "override" ? change.flagKey : change.key;
  const now = found === 0 ? "does not exist" : `is at version ${found}`;
  const meant = wanted === 0 ? "none" : `version ${wanted}`;
  throw new HalyardError(
    "VERSION_CONFLICT",
    `The ${change.what} "${name}" ${now}, and the change was made for ${meant}. Read it again, then decide.`,
  );
}

/** `undefined` when the change changes nothing. */
function plannedRow(
  change: StoreChange,
  old: Row,
  by: Attribution,
  version: number,
): PlannedRow | undefined {
  switch (change.what) {
    case "group":
      return planGroup(change, old);
    case "override":
      return planOverride(change, old as Override | undefined, by, version);
    default:
      return planDefinition(change, old as StoredDefinition | undefined, by, version);
  }
}

function planGroup({ group, user, member }: GroupChange, old: Row): PlannedRow | undefined {
  if (member === (old === true)) return undefined;
  return { what: "group", group, user, row: member ? true : undefined };
}

function planOverride(
  { flagKey, layer, scope, put }: OverrideChange,
  old: Override | undefined,
  { actor, reason, at }: Attribution,
  version: number,
): PlannedRow | undefined {
  const slot = { flagKey, layer, scope };
  if (put === undefined || put === "expired") {
    const goes = old !== undefined && (put === undefined || (old.expiresAt ?? at + 1) <= at);
    return goes ? { what: "override", slot, row: undefined } : undefined;
  }
  const { value, expiresAt } = put;
  const row: Override = Object.freeze({
    flagKey,
    layer,
    scope: parseScopeKey(scope),
    state: stateOf(value),
    value,
    reason,
    actor,
    createdAt: old?.createdAt ?? at,
    createdBy: old?.createdBy ?? actor,
    updatedAt: at,
    expiresAt,
    version,
  });
  return { what: "override", slot, row };
}

function planDefinition(
  { what, key, definition }: DefinitionChange | ProposalChange,
  old: StoredDefinition | undefined,
  { actor, at }: Attribution,
  version: number,
): PlannedRow | undefined {
  if (definition === undefined) return old && { what, key, row: undefined };
  const row: StoredDefinition = Object.freeze({
    key,
    definition,
    version,
    createdAt: old?.createdAt ?? at,
    createdBy: old?.createdBy ?? actor,
    updatedAt: at,
    updatedBy: actor,
  });
  return { what, key, row };
}

function entry(
  change: StoreChange,
  old: Row,
  row: Row,
  { actor, reason, requestId, at, bypass }: Attribution,
  version: number,
): Omit<AuditEntry, "id"> {
  const removed: AuditAction =
    change.what === "override" && change.put === "expired" ? "expired" : "removed";
  const action = row === undefined ? removed : old === undefined ? "created" : "updated";
  const [before, after] = [auditedValue(old), auditedValue(row)];
  return Object.freeze({
    at,
    action,
    what: change.what,
    ...subjectOf(change),
    before,
    after,
    actor,
    reason,
    requestId,
    bypass,
    version,
  });
}

/** What the audit calls the row of a change. */
export function subjectOf(change: StoreChange): { key: string; scope: string | undefined } {
  switch (change.what) {
    case "override":
      return {
        key: change.flagKey,
        scope: change.layer === "emergency" ? "emergency" : change.scope,
      };
    case "group":
      return { key: change.group, scope: change.user };
    default:
      return { key: change.key, scope: undefined };
  }
}

/** What the audit keeps of a row. */
function auditedValue(row: Row): JsonValue | undefined {
  if (row === undefined || row === true) return row;
  if ("definition" in row) return row.definition;
  const { state, value, expiresAt } = row;
  return freezeJson({
    state,
    ...(value === undefined ? {} : { value }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}
