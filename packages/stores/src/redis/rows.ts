import { type AuditEntry, type Override, type Touched, touchedOf } from "@halyard/core";
import type { FreshContents, ListedDefinition } from "../shared/contents-cache.ts";
import type { Found } from "../shared/feed.ts";
import { definitionFrom, overrideFrom } from "../shared/json-rows.ts";
import type { StoreState } from "../shared/lineage.ts";

/**
 * Entries of the audit that a look goes through; behind by more, anything may have changed. Fewer
 * than are kept of any audit, so that what was removed is never missed.
 */
export const MAX_BEHIND = 999;

export function stateFrom([id, version]: readonly unknown[]): StoreState | undefined {
  if (typeof id !== "string" || typeof version !== "string") return undefined;
  return { id, version: Number(version) };
}

/** Of the answer of the script that reads the contents; `undefined` if there is nothing newer. */
export function freshFrom(answer: readonly unknown[]): FreshContents | undefined {
  const [, version, all, newer, texts, overrides] = answer as [
    string,
    string,
    ...(readonly string[])[],
  ];
  if (all === undefined || newer === undefined || texts === undefined) return undefined;
  const rows = new Map(
    newer.map((field, index) => [field, definitionFrom(texts[index] as string)]),
  );
  const definitions: ListedDefinition[] = [];
  for (let index = 0; index < all.length; index += 2) {
    const field = all[index] as string;
    const space = field.indexOf(" ");
    definitions.push({
      what: field.slice(0, space) as ListedDefinition["what"],
      key: field.slice(space + 1),
      version: Number(all[index + 1]),
      row: rows.get(field),
    });
  }
  return { version: Number(version), definitions, overrides: overridesFrom(overrides ?? []) };
}

export function overridesFrom(texts: readonly unknown[]): readonly Override[] {
  return texts.flatMap((text) => (typeof text === "string" ? overrideFrom(text) : []));
}

/** What an entry of the audit touched, as it stands beside it. */
export function touchedText(entry: AuditEntry): string {
  const { what, key, scope } = touchedOf(entry);
  return JSON.stringify([what, key, scope]);
}

/** Of the answer of the script that looks. */
export function foundFrom(answer: readonly unknown[], seen: number | undefined): Found {
  const version = Number(answer[1]);
  const entries = (answer[2] ?? []) as readonly string[];
  const versions = new Set<number>();
  const touched: Touched[] = [];
  for (let index = entries.length - 2; index >= 0; index -= 2) {
    versions.add(Number(entries[index]));
    const [what, key, scope] = JSON.parse(entries[index + 1] as string) as [
      Touched["what"],
      string,
      string | null,
    ];
    touched.push({ what, key, scope: scope ?? undefined });
  }
  // Of each version something is there: else entries were removed, and what they said is unknown.
  const whole = touched.length <= MAX_BEHIND && versions.size === version - (seen ?? version);
  return { version, touched: whole ? touched : undefined };
}
