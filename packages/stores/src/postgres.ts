import type { Store } from "@halyard/core";
import { postgresStore } from "./postgres/postgres-store.ts";
import { neededUrl, type StoreEnvironment } from "./shared/environment.ts";

export type { PostgresClient, PostgresPool } from "./postgres/driver.ts";
export { type PostgresStoreOptions, postgresStore } from "./postgres/postgres-store.ts";
export type { StoreEnvironment } from "./shared/environment.ts";

/** The store of `FEATURE_PROVIDER=postgres`. Throws `INVALID_ENVIRONMENT`. */
export function storeFromEnvironment({
  databaseUrl,
  table,
  refreshInterval: pollInterval,
}: StoreEnvironment): Store {
  const schemes = /^postgres(ql)?:/;
  const example = "postgres://user@host/database";
  const url = neededUrl("postgres", "DATABASE_URL", databaseUrl, schemes, example);
  return postgresStore({ url, table, pollInterval });
}
