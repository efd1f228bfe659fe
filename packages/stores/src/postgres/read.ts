import { isStorable, type SubjectContents, type SubjectQuery } from "@halyard/core";
import type { FreshContents, ListedDefinition } from "../shared/contents-cache.ts";
import type { StoreState } from "../shared/lineage.ts";
import {
  DEFINITION_COLUMNS,
  definitionOf,
  OVERRIDE_COLUMNS,
  overrideOf,
  type SqlRow,
  stateOfRow,
} from "../sql/rows.ts";
import type { Tables } from "../sql/schema.ts";
import { type Queryable, rowsOf } from "./driver.ts";

/**
 * What every process holds, in one statement and so as of one moment: definitions only of rows
 * newer than `$1`; nothing but the state while that is `$1` itself.
 */
function contentsSql({ flags, segments, overrides, meta }: Tables): string {
  const definitions = (part: string, table: string): string => `
    SELECT '${part}', d.key, d.version, CASE WHEN d.version > $1 THEN (
      SELECT row_to_json(r)::text FROM (SELECT ${DEFINITION_COLUMNS}) r
    ) END FROM ${table} d, state WHERE state.current <> $1`;
  return `WITH state AS (SELECT store_id, version AS current FROM ${meta})
    SELECT 'state' AS part, store_id AS key, current AS version, NULL::text AS document FROM state
    UNION ALL ${definitions("flag", flags)}
    UNION ALL ${definitions("segment", segments)}
    UNION ALL SELECT 'override', o.flag_key, o.version, (
      SELECT row_to_json(r)::text FROM (SELECT ${OVERRIDE_COLUMNS}) r
    ) FROM ${overrides} o, state WHERE o.scope = 'system' AND state.current <> $1`;
}

/** Reads what is newer; without `fresh` there is nothing newer than `since`. */
export async function readContents(
  on: Queryable,
  tables: Tables,
  since: number,
): Promise<{ readonly state: StoreState | undefined; readonly fresh: FreshContents | undefined }> {
  const rows = await rowsOf(on, contentsSql(tables), [since]);
  const first = rows.find(({ part }) => part === "state");
  const state = stateOfRow(first && { store_id: first.key, version: first.version });
  if (state === undefined || state.version === since) return { state, fresh: undefined };
  const definitions = rows.flatMap((row) => listed(row) ?? []);
  const overrides = rows
    .filter(({ part }) => part === "override")
    .map(({ document }) => overrideOf(JSON.parse(String(document)) as SqlRow));
  return { state, fresh: { version: state.version, definitions, overrides } };
}

function listed({ part, key, version, document }: SqlRow): ListedDefinition | undefined {
  if (part !== "flag" && part !== "segment") return undefined;
  return {
    what: part,
    key: String(key),
    version: Number(version),
    row: document === null ? undefined : definitionOf(JSON.parse(String(document)) as SqlRow),
  };
}

/** Reads what is known of a subject, in one statement. */
export async function readSubject(
  on: Queryable,
  { overrides, groups, meta }: Tables,
  { scopes, user }: SubjectQuery,
): Promise<{ readonly state: StoreState | undefined; readonly contents: SubjectContents }> {
  const rows = await rowsOf(
    on,
    `SELECT m.store_id, m.version AS current, (
        SELECT json_agg(group_name ORDER BY group_name)::text FROM ${groups} WHERE user_id = $2
      ) AS groups, o.*
      FROM ${meta} m LEFT JOIN (
        SELECT ${OVERRIDE_COLUMNS} FROM ${overrides} WHERE scope = ANY($1::text[])
      ) o ON true`,
    [scopes.filter((scope) => isStorable(scope, 4096)), isStorable(user, 4096) ? user : null],
  );
  const [first] = rows;
  const state = stateOfRow(first && { store_id: first.store_id, version: first.current });
  const contents = {
    version: state?.version ?? 0,
    overrides: rows.filter(({ scope }) => scope !== null).map(overrideOf),
    groups: JSON.parse(String(first?.groups ?? "[]")) as string[],
  };
  return { state, contents };
}
