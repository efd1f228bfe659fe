import { fileURLToPath } from "node:url";
import type { Store } from "@halyard/core";
import { neededUrl, type StoreEnvironment } from "./shared/environment.ts";
import { sqliteStore } from "./sqlite/sqlite-store.ts";

export type { StoreEnvironment } from "./shared/environment.ts";
export type { SqliteDatabase, SqliteStatement } from "./sqlite/driver.ts";
export { type SqliteStoreOptions, sqliteStore } from "./sqlite/sqlite-store.ts";

/** The store of `FEATURE_PROVIDER=sqlite`. Throws `INVALID_ENVIRONMENT`. */
export function storeFromEnvironment({ databaseUrl, table }: StoreEnvironment): Store {
  const schemes = /^(file|sqlite):./;
  const url = neededUrl("sqlite", "DATABASE_URL", databaseUrl, schemes, "file:./flags.db");
  const [, path = ""] = /^\w+:(.+)$/s.exec(url) ?? [];
  return sqliteStore({ path: path.startsWith("//") ? fileURLToPath(`file:${path}`) : path, table });
}
