import type { Store } from "@halyard/core";
import { missingUrl, type StoreEnvironment } from "../shared/environment.ts";
import { sqliteStore } from "./sqlite-store.ts";

/** The store of `FEATURE_PROVIDER=sqlite`: the file that `DATABASE_URL` names. */
export function storeFromEnvironment({ databaseUrl, table }: StoreEnvironment): Store {
  const path = databaseUrl?.replace(/^(file|sqlite):(\/\/)?/, "");
  if (path === undefined || path === "") throw missingUrl("DATABASE_URL", "file:flags.db");
  return sqliteStore({ path, table });
}
