import type { Store } from "@halyard/core";
import { missingUrl, type StoreEnvironment } from "../shared/environment.ts";
import { redisStore } from "./redis-store.ts";

/** The store of `FEATURE_PROVIDER=redis`: the server that `REDIS_URL` or `DATABASE_URL` names. */
export function storeFromEnvironment({ redisUrl, databaseUrl, table }: StoreEnvironment): Store {
  const named = databaseUrl?.startsWith("redis") ? databaseUrl : undefined;
  const url = redisUrl ?? named;
  if (url === undefined) throw missingUrl("REDIS_URL", "redis://host:6379");
  return redisStore({ url, prefix: table });
}
