import type { AuditEntry, JsonValue } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import { type DefinitionKind, FIRST_VERSION } from "../../instance/definition-writes.ts";
import { RequestProblem } from "./problem.ts";

/** Entries that are read at once, and how many pages of them at most. */
const PAGE = 200;
const MOST_PAGES = 50;

/** How a flag or a segment was written at a version. Throws `NOT_FOUND`. */
export async function definitionAt(
  f: FlagsInstance,
  what: DefinitionKind,
  key: string,
  version: number,
): Promise<JsonValue> {
  let oldest: AuditEntry | undefined;
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await f.audit.list({ what, key, limit: PAGE, cursor });
    for (const entry of page.items) {
      if (entry.version < version) break;
      if (entry.version === version && entry.after !== undefined) return entry.after;
    }
    oldest = page.items.at(-1) ?? oldest;
    cursor = page.cursor;
    if (cursor === undefined || (oldest?.version ?? 0) < version) break;
  }
  // What a store began with was never written.
  if (cursor === undefined && version === FIRST_VERSION && oldest?.before !== undefined) {
    return oldest.before;
  }
  throw new RequestProblem(
    "NOT_FOUND",
    `The audit has no version ${version} of the ${what} "${key}" to go back to. GET its history.`,
  );
}
