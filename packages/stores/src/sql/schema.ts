import { randomUUID } from "node:crypto";
import type { Migration } from "@halyard/core";
import { EMPTY } from "../shared/lineage.ts";
import { invalidOption } from "../shared/options.ts";

/** How a database writes the types of the columns. */
export interface Dialect {
  /** Text that is ordered by its bytes. */
  readonly text: string;
  /** JSON that comes back as it was written, with its maps in their order. */
  readonly json: string;
  readonly integer: string;
  readonly boolean: string;
}

/** The names of a store's tables, quoted. */
export interface Tables {
  readonly prefix: string;
  readonly flags: string;
  readonly segments: string;
  readonly groups: string;
  readonly overrides: string;
  readonly proposals: string;
  readonly audit: string;
  readonly meta: string;
}

/** The names that begin with a prefix. Throws `INVALID_OPTIONS` for what is none. */
export function tablesOf(store: string, prefix: string): Tables {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,40}$/.test(prefix)) {
    throw invalidOption(
      store,
      "`table` must be 1 to 41 letters, digits or `_`, and not begin with a digit.",
    );
  }
  return {
    prefix,
    flags: `"${prefix}"`,
    segments: `"${prefix}_segments"`,
    groups: `"${prefix}_groups"`,
    overrides: `"${prefix}_overrides"`,
    proposals: `"${prefix}_proposals"`,
    audit: `"${prefix}_audit"`,
    meta: `"${prefix}_meta"`,
  };
}

type Step = (tables: Tables, dialect: Dialect) => readonly string[];

/** In order; the number of those that were made is the schema's version. Never changed, only added to. */
const STEPS: readonly Step[] = [
  (
    { prefix, flags, segments, groups, overrides, audit, meta },
    { text, json, integer, boolean },
  ) => [
    `CREATE TABLE ${flags} (
      key ${text} PRIMARY KEY,
      name ${text},
      description ${text},
      definition ${json} NOT NULL,
      enabled ${boolean} NOT NULL,
      version ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${json} NOT NULL,
      updated_at ${integer} NOT NULL,
      updated_by ${json} NOT NULL
    )`,
    `CREATE TABLE ${segments} (
      key ${text} PRIMARY KEY,
      definition ${json} NOT NULL,
      version ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${json} NOT NULL,
      updated_at ${integer} NOT NULL,
      updated_by ${json} NOT NULL
    )`,
    `CREATE TABLE ${groups} (
      user_id ${text} NOT NULL,
      group_name ${text} NOT NULL,
      added_at ${integer} NOT NULL,
      added_by ${json} NOT NULL,
      PRIMARY KEY (user_id, group_name)
    )`,
    `CREATE INDEX "${prefix}_groups_group" ON ${groups} (group_name, user_id)`,
    `CREATE TABLE ${overrides} (
      flag_key ${text} NOT NULL,
      layer ${text} NOT NULL,
      scope ${text} NOT NULL,
      state ${text} NOT NULL,
      value ${json},
      reason ${text},
      actor ${json} NOT NULL,
      expires_at ${integer},
      created_at ${integer} NOT NULL,
      created_by ${json} NOT NULL,
      updated_at ${integer} NOT NULL,
      version ${integer} NOT NULL,
      PRIMARY KEY (flag_key, layer, scope)
    )`,
    `CREATE INDEX "${prefix}_overrides_scope" ON ${overrides} (scope, layer)`,
    `CREATE INDEX "${prefix}_overrides_expiry" ON ${overrides} (expires_at) WHERE expires_at IS NOT NULL`,
    `CREATE TABLE ${audit} (
      id ${integer} PRIMARY KEY,
      at ${integer} NOT NULL,
      action ${text} NOT NULL,
      subject ${text} NOT NULL,
      key ${text} NOT NULL,
      scope ${text},
      before ${json},
      after ${json},
      actor ${json} NOT NULL,
      reason ${text},
      request_id ${text},
      version ${integer} NOT NULL
    )`,
    `CREATE INDEX "${prefix}_audit_version" ON ${audit} (version)`,
    `CREATE INDEX "${prefix}_audit_key" ON ${audit} (key, id)`,
    `CREATE TABLE ${meta} (
      one ${integer} PRIMARY KEY CHECK (one = 1),
      store_id ${text} NOT NULL,
      schema_version ${integer} NOT NULL,
      version ${integer} NOT NULL,
      audited ${integer} NOT NULL
    )`,
  ],
  ({ proposals, audit }, { text, json, integer }) => [
    `CREATE TABLE ${proposals} (
      key ${text} PRIMARY KEY,
      definition ${json} NOT NULL,
      version ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${json} NOT NULL,
      updated_at ${integer} NOT NULL,
      updated_by ${json} NOT NULL
    )`,
    `ALTER TABLE ${audit} ADD COLUMN bypass ${integer}`,
  ],
];

/** The version of the schema that this code works with. */
const SCHEMA_VERSION: number = STEPS.length;

/** Of a schema: 0 for none, `undefined` for tables that do not say. */
export type SchemaVersion = number | undefined;

/** Makes the error for a store that can't be used. */
export type Fault = (what: string) => Error;

/** What brings a schema to the newest version. Throws for one that this code can't use. */
export function migrationFrom(
  version: SchemaVersion,
  tables: Tables,
  dialect: Dialect,
  fault: Fault,
): Migration {
  if (version === undefined) throw fault(EMPTY);
  if (version > SCHEMA_VERSION) {
    throw fault(
      `has tables of version ${version}, and this version of @halyard/stores knows them up to ${SCHEMA_VERSION}: update it.`,
    );
  }
  const found = { from: version, to: SCHEMA_VERSION };
  if (version === SCHEMA_VERSION) return { ...found, statements: [] };
  const steps = STEPS.slice(version).flatMap((step) => step(tables, dialect));
  const done =
    version === 0
      ? `INSERT INTO ${tables.meta} (one, store_id, schema_version, version, audited)
      VALUES (1, '${randomUUID()}', ${SCHEMA_VERSION}, 0, 0)`
      : `UPDATE ${tables.meta} SET schema_version = ${SCHEMA_VERSION}`;
  return { ...found, statements: [...steps, done] };
}

/** Throws where a migration is needed and somebody else has to make it. */
export function checkMigrated({ from, to }: Migration, fault: Fault): void {
  if (from === to) return;
  const found = from === 0 ? "has no tables" : `has tables of version ${from}, not ${to}`;
  throw fault(
    `${found}, and \`migrate\` is \`false\`: run \`npx halyard-migrate\` as a user who may create tables.`,
  );
}
