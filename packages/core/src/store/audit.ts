import { HalyardError } from "../errors.ts";
import { positionOf } from "./page.ts";
import type { AuditEntry, AuditFilter, Touched } from "./store.ts";

/** Whether an entry is one of those that were asked for. */
export function isAuditWanted(entry: AuditEntry, filter: AuditFilter): boolean {
  const { what, key, scope, action, actor, from, to } = filter;
  return (
    (what ?? entry.what) === entry.what &&
    (key ?? entry.key) === entry.key &&
    (scope === undefined || scope === entry.scope) &&
    (action ?? entry.action) === entry.action &&
    (actor ?? entry.actor.id) === entry.actor.id &&
    entry.at >= (from ?? Number.NEGATIVE_INFINITY) &&
    entry.at < (to ?? Number.POSITIVE_INFINITY)
  );
}

/**
 * The number in the cursor of a page of the audit, in stores whose entries are numbered from 1;
 * `undefined` without a cursor. Throws `INVALID_OPTIONS`.
 */
export function auditPosition(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const [id = ""] = positionOf(cursor, 1);
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id);
  throw new HalyardError("INVALID_OPTIONS", "`cursor` is not one that a page of the audit gave.");
}

/** What an entry of the audit touches, as listeners are told of it. */
export function touchedOf({
  what,
  key,
  scope,
}: Pick<AuditEntry, "what" | "key" | "scope">): Touched {
  const isEmergency = what === "override" && scope === "emergency";
  return { what, key, scope: isEmergency ? "system" : scope };
}
