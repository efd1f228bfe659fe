import {
  type Attribution,
  type AuditEntry,
  compareTexts,
  type Override,
  planWrite,
  type Row,
  rowId,
  type StoreChange,
  type StoredDefinition,
  scopeKey,
  type WritePlan,
  type WriteResult,
} from "@halyard/core";
import { auditText, definitionText } from "../shared/json-rows.ts";
import type { KeyValues } from "./key-values.ts";
import { type Head, inTurns, overridesText, type Snapshot } from "./snapshot.ts";

/** The head that a write puts in the place of the one before; none when nothing changes. */
export async function planHead(
  values: KeyValues,
  snapshot: Snapshot,
  changes: readonly StoreChange[],
  by: Attribution,
  auditLimit: number,
): Promise<{ readonly result: WriteResult; readonly head: Head | undefined }> {
  const parts = await Parts.read(values, snapshot, changes);
  const { head } = snapshot;
  const plan = planWrite(changes, by, head.version, (change) => parts.row(change));
  const { changed, overrides } = plan;
  if (!changed.includes(true)) {
    const result = { version: head.version, changed, audit: [], overrides };
    return { result, head: undefined };
  }
  let { audited } = head;
  const audit = plan.audit.map((entry): AuditEntry => ({ id: String(++audited), ...entry }));
  const journal = {
    ...parts.apply(plan),
    [values.audit(plan.version)]: JSON.stringify(audit.map(auditText)),
    [values.audit(plan.version - auditLimit)]: null,
  };
  return {
    result: { version: plan.version, changed, audit, overrides },
    head: { id: head.id, version: plan.version, audited, journal },
  };
}

/** The parts of a store that changes are about: each is one value, rewritten whole. */
class Parts {
  readonly #values: KeyValues;
  readonly #definitions = new Map<string, StoredDefinition>();
  readonly #scopes = new Map<string, Map<string, Override>>();
  readonly #users = new Map<string, Set<string>>();
  readonly #groups = new Map<string, Set<string>>();
  readonly #proposals = new Map<string, StoredDefinition | undefined>();
  #proposalIds = new Set<string>();

  private constructor(values: KeyValues) {
    this.#values = values;
  }

  static async read(
    values: KeyValues,
    snapshot: Snapshot,
    changes: readonly StoreChange[],
  ): Promise<Parts> {
    const parts = new Parts(values);
    const names = {
      scopes: new Set<string>(),
      users: new Set<string>(),
      groups: new Set<string>(),
    };
    for (const change of changes) {
      if (change.what === "override") names.scopes.add(change.scope);
      if (change.what === "group") names.users.add(change.user);
      if (change.what === "group") names.groups.add(change.group);
    }
    if (changes.some(({ what }) => what === "flag" || what === "segment")) {
      for (const { what, row } of await snapshot.definitions()) {
        parts.#definitions.set(rowId({ what, key: row.key, definition: undefined }), row);
      }
    }
    await inTurns([...names.scopes], async (scope) => {
      const rows = await snapshot.overrides(scope);
      parts.#scopes.set(scope, new Map(rows.map((row) => [idOf(row), row])));
    });
    await inTurns([...names.users], async (user) => {
      parts.#users.set(user, new Set(await snapshot.groupsOf(user)));
    });
    await inTurns([...names.groups], async (group) => {
      parts.#groups.set(group, new Set(await snapshot.membersOf(group)));
    });
    const ids = changes.flatMap((change) => (change.what === "proposal" ? change.key : []));
    await inTurns([...new Set(ids)], async (id) => {
      parts.#proposals.set(id, await snapshot.proposal(id));
    });
    if (ids.length > 0) parts.#proposalIds = new Set(await snapshot.proposalIds());
    return parts;
  }

  row(change: StoreChange): Row {
    if (change.what === "group") {
      return this.#users.get(change.user)?.has(change.group) ? true : undefined;
    }
    if (change.what === "override") return this.#scopes.get(change.scope)?.get(rowId(change));
    if (change.what === "proposal") return this.#proposals.get(change.key);
    return this.#definitions.get(rowId(change));
  }

  /** The values that are other ones after a write, by key. */
  apply(plan: WritePlan): Record<string, string | null> {
    const texts: Record<string, string | null> = {};
    for (const planned of plan.rows) {
      if (planned.what === "group") {
        const { user, group, row } = planned;
        texts[this.#values.user(user)] = changed(this.#users.get(user), group, row === true);
        texts[this.#values.group(group)] = changed(this.#groups.get(group), user, row === true);
      } else if (planned.what === "override") {
        const { slot, row } = planned;
        const rows = this.#scopes.get(slot.scope) ?? new Map<string, Override>();
        setOrDelete(rows, rowId({ what: "override", ...slot, put: undefined }), row);
        texts[this.#values.scope(slot.scope)] = overridesText([...rows.values()]);
      } else if (planned.what === "proposal") {
        const { key, row } = planned;
        texts[this.#values.proposal(key)] = row === undefined ? null : definitionText(row);
        texts[this.#values.proposals] = changed(this.#proposalIds, key, row !== undefined);
      } else {
        const { what, key, row } = planned;
        setOrDelete(this.#definitions, rowId({ what, key, definition: undefined }), row);
      }
    }
    if (plan.rows.some(({ what }) => what === "flag" || what === "segment")) {
      const rows = [...this.#definitions].map(([id, row]) => [
        JSON.parse(id)[0],
        definitionText(row),
      ]);
      texts[this.#values.definitions] = JSON.stringify(rows);
    }
    return texts;
  }
}

function idOf({ flagKey, layer, scope }: Override): string {
  const slot = { flagKey, layer: layer as never, scope: scopeKey(scope) };
  return rowId({ what: "override", ...slot, put: undefined });
}

function setOrDelete<T>(rows: Map<string, T>, id: string, row: T | undefined): void {
  if (row === undefined) rows.delete(id);
  else rows.set(id, row);
}

/** The names with one more or one less, sorted; `null` for none. */
function changed(names: Set<string> | undefined, name: string, isIn: boolean): string | null {
  const all = names ?? new Set<string>();
  if (isIn) all.add(name);
  else all.delete(name);
  return all.size === 0 ? null : JSON.stringify([...all].sort(compareTexts));
}
