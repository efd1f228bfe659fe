import { auditLimitOf, invalidOption, type StoreOptions } from "../shared/options.ts";
import { type Tables, tablesOf } from "./schema.ts";

/** What the stores in SQL take alike. */
export interface SqlStoreOptions extends StoreOptions {
  /** What the names of the tables begin with; `feature_flags` unless said otherwise. */
  readonly table?: string | undefined;
  /**
   * `false`: tables are never made or changed by using the store, as for users of the database who
   * may not; the command `halyard-migrate`, or `migrate()`, does so. What uses a store without its
   * tables, or with older ones, rejects with `STORE_READ_FAILED`.
   */
  readonly migrate?: boolean | undefined;
  /**
   * Entries of the audit that are kept, 1000 at least; all unless said otherwise. The oldest go
   * first, when something is written.
   */
  readonly auditLimit?: number | undefined;
}

export const SQL_OPTIONS = ["name", "pollInterval", "table", "migrate", "auditLimit"] as const;

export interface SqlSettings {
  readonly tables: Tables;
  /** Whether tables are made and changed when the store is used. */
  readonly migrates: boolean;
  readonly auditLimit: number | undefined;
}

/** Throws `INVALID_OPTIONS`. */
export function sqlSettings(
  store: string,
  { table = "feature_flags", migrate = true, auditLimit }: SqlStoreOptions,
): SqlSettings {
  if (typeof migrate !== "boolean") throw invalidOption(store, "`migrate` must be true or false.");
  return {
    tables: tablesOf(store, table),
    migrates: migrate,
    auditLimit: auditLimit === undefined ? undefined : auditLimitOf(store, auditLimit, 1000),
  };
}
