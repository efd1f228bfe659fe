import type { Store } from "@halyard/core";
import { missingUrl, type StoreEnvironment } from "../shared/environment.ts";
import { postgresStore } from "./postgres-store.ts";

/** The store of `FEATURE_PROVIDER=postgres`: the database that `DATABASE_URL` names. */
export function storeFromEnvironment({ databaseUrl: url, table }: StoreEnvironment): Store {
  if (url === undefined) throw missingUrl("DATABASE_URL", "postgres://user:password@host/database");
  return postgresStore({ url, table });
}
