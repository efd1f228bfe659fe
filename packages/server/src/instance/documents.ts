import {
  type Attribution,
  type DefinitionChange,
  documentRows,
  isPlainObject,
  type Override,
  planWrite,
  rowId,
  rowsDocument,
  type StoreChange,
  type StoredLayer,
  scopeKey,
  type WriteResult,
} from "@halyard/core";
import type { Documents } from "./source-calls.ts";

/** A store's documents as they would be after the changes: what is checked before they are made. */
export function withChanges(
  documents: Documents,
  name: string,
  changes: readonly StoreChange[],
): Documents {
  const definitions = changes.filter(isDefinition);
  if (definitions.length === 0) return documents;
  const last = documents.at(-1) ?? { name, document: {} };
  const rows = documentRows(isPlainObject(last.document) ? last.document : {});
  for (const { what, key, definition } of definitions) {
    const kept = what === "flag" ? rows.flags : rows.segments;
    if (definition === undefined) kept.delete(key);
    else kept.set(key, definition);
  }
  return [...documents.slice(0, -1), { ...last, document: rowsDocument(rows) }];
}

export function changesDefinitions(changes: readonly StoreChange[]): boolean {
  return changes.some(isDefinition);
}

function isDefinition(change: StoreChange): change is DefinitionChange {
  return change.what === "flag" || change.what === "segment";
}

/** Whether the change is one of what every process holds. */
export function isReplicated(change: StoreChange): boolean {
  return isDefinition(change) || (change.what === "override" && change.scope === "system");
}

/** The versions of a store's segments after changes that it has made; `undefined` if it tells none. */
export function segmentVersionsAfter(
  versions: ReadonlyMap<string, number> | undefined,
  changes: readonly StoreChange[],
  { version }: WriteResult,
): ReadonlyMap<string, number> | undefined {
  if (versions === undefined) return undefined;
  const after = new Map(versions);
  for (const change of changes) {
    if (change.what !== "segment") continue;
    if (change.definition === undefined) after.delete(change.key);
    else after.set(change.key, version);
  }
  return after;
}

/** The overrides for everybody as they are after changes that a store has made. */
export function overridesAfter(
  overrides: readonly Override[],
  changes: readonly StoreChange[],
  by: Attribution,
  { version }: WriteResult,
): readonly Override[] {
  const rows = new Map<string, Override>();
  for (const override of overrides) {
    const { flagKey, scope } = override;
    const slot = { flagKey, layer: override.layer as StoredLayer, scope: scopeKey(scope) };
    rows.set(rowId({ what: "override", ...slot, put: undefined }), override);
  }
  // The store has compared versions already.
  const made = changes.flatMap((change) =>
    change.what === "override" && isReplicated(change) ? [{ ...change, ifVersion: undefined }] : [],
  );
  const plan = planWrite(made, by, version - 1, (change) => rows.get(rowId(change)));
  for (const planned of plan.rows) {
    if (planned.what !== "override") continue;
    const id = rowId({ what: "override", ...planned.slot, put: undefined });
    if (planned.row === undefined) rows.delete(id);
    else rows.set(id, planned.row);
  }
  return [...rows.values()];
}
