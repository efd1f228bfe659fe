import type { FreshContents, ListedDefinition } from "../shared/contents-cache.ts";
import { DEFINITION_COLUMNS, definitionOf, OVERRIDE_COLUMNS, overrideOf } from "../sql/rows.ts";
import type { Tables } from "../sql/schema.ts";
import type { Connection } from "./driver.ts";

/** What every process holds, within a transaction: definitions only of rows newer than `since`. */
export function readRows(
  connection: Connection,
  tables: Tables,
  version: number,
  since: number,
): FreshContents {
  const list = (what: "flag" | "segment", table: string): ListedDefinition[] => {
    const newer = new Map(
      connection
        .all(`SELECT ${DEFINITION_COLUMNS} FROM ${table} WHERE version > ?`, since)
        .map((row) => [String(row.key), definitionOf(row)]),
    );
    return connection.all(`SELECT key, version FROM ${table} ORDER BY key`).map((row) => ({
      what,
      key: String(row.key),
      version: Number(row.version),
      row: newer.get(String(row.key)),
    }));
  };
  const overrides = connection.all(
    `SELECT ${OVERRIDE_COLUMNS} FROM ${tables.overrides} WHERE scope = 'system'`,
  );
  return {
    version,
    definitions: [...list("flag", tables.flags), ...list("segment", tables.segments)],
    overrides: overrides.map(overrideOf),
  };
}
