import {
  type Attribution,
  type AuditEntry,
  type PlannedRow,
  planWrite,
  type Row,
  rowId,
  type StoreChange,
  type WriteResult,
} from "@halyard/core";
import {
  auditText,
  definitionFrom,
  definitionText,
  overrideFrom,
  overrideText,
} from "../shared/json-rows.ts";
import { definitionField, type Keys, slotField, slotName } from "./keys.ts";
import { touchedText } from "./rows.ts";
import { Commands } from "./scripts.ts";

/** Commands that read the rows which changes are about. */
export function readingOf(keys: Keys, changes: readonly StoreChange[]): Commands {
  const commands = new Commands(keys.meta);
  for (const change of changes) {
    if (change.what === "group") commands.add("SISMEMBER", keys.user(change.user), change.group);
    else if (change.what === "override") {
      commands.add("HGET", keys.scope(change.scope), slotField(change));
    } else if (change.what === "proposal") commands.add("HGET", keys.proposals, change.key);
    else commands.add("HGET", keys.definitions, definitionField(change.what, change.key));
  }
  return commands;
}

/** The rows that were read, by `rowId`. */
export function rowsRead(
  changes: readonly StoreChange[],
  answers: readonly unknown[],
): ReadonlyMap<string, Row> {
  return new Map(
    changes.map((change, index) => [rowId(change), rowOf(change.what, answers[index])]),
  );
}

function rowOf(what: StoreChange["what"], answer: unknown): Row {
  if (what === "group") return Number(answer) === 1 ? true : undefined;
  if (typeof answer !== "string") return undefined;
  return what === "override" ? overrideFrom(answer) : definitionFrom(answer);
}

export interface PlannedCommit {
  readonly result: WriteResult;
  readonly commands: Commands;
  /** The id of the newest entry of the audit with it. */
  readonly audited: number;
}

/** What changes do to a store at this version. Throws `VERSION_CONFLICT`. */
export function planCommit(
  keys: Keys,
  changes: readonly StoreChange[],
  by: Attribution,
  before: {
    readonly version: number;
    readonly audited: number;
    readonly rows: ReadonlyMap<string, Row>;
  },
  auditLimit: number,
): PlannedCommit {
  const plan = planWrite(changes, by, before.version, (change) => before.rows.get(rowId(change)));
  const commands = new Commands(keys.meta);
  let { audited } = before;
  const { changed, overrides } = plan;
  if (!changed.includes(true)) {
    const result = { version: before.version, changed, audit: [], overrides };
    return { result, commands, audited };
  }
  for (const row of plan.rows) put(commands, keys, row);
  const audit = plan.audit.map((entry): AuditEntry => ({ id: String(++audited), ...entry }));
  for (const entry of audit) {
    const fields = ["v", entry.version, "t", touchedText(entry), "e", auditText(entry)];
    commands.add("XADD", keys.audit, "MAXLEN", auditLimit, `${entry.id}-0`, ...fields);
  }
  return { result: { version: plan.version, changed, audit, overrides }, commands, audited };
}

function put(commands: Commands, keys: Keys, planned: PlannedRow): void {
  switch (planned.what) {
    case "group": {
      const { user, group, row } = planned;
      commands.add(row === undefined ? "SREM" : "SADD", keys.user(user), group);
      if (row === undefined) commands.add("ZREM", keys.group(group), user);
      else commands.add("ZADD", keys.group(group), 0, user);
      break;
    }
    case "override": {
      const { slot, row } = planned;
      const name = slotName([slot.flagKey, slot.layer, slot.scope]);
      if (row === undefined) {
        commands.add("HDEL", keys.scope(slot.scope), slotField(slot));
        commands.add("ZREM", keys.overrides, name);
      } else {
        commands.add("HSET", keys.scope(slot.scope), slotField(slot), overrideText(row));
        commands.add("ZADD", keys.overrides, 0, name);
      }
      if (row?.expiresAt === undefined) commands.add("ZREM", keys.expiries, name);
      else commands.add("ZADD", keys.expiries, row.expiresAt, name);
      break;
    }
    case "proposal": {
      const { key, row } = planned;
      if (row === undefined) commands.add("HDEL", keys.proposals, key);
      else commands.add("HSET", keys.proposals, key, definitionText(row));
      break;
    }
    default: {
      const field = definitionField(planned.what, planned.key);
      if (planned.row === undefined) {
        commands.add("HDEL", keys.definitions, field).add("ZREM", keys.versions, field);
      } else {
        commands.add("HSET", keys.definitions, field, definitionText(planned.row));
        commands.add("ZADD", keys.versions, planned.row.version, field);
      }
    }
  }
}
