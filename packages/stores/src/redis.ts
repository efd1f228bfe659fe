import type { Store } from "@halyard/core";
import { redisStore } from "./redis/redis-store.ts";
import { neededUrl, type StoreEnvironment } from "./shared/environment.ts";

export { type RedisAssignmentsOptions, redisAssignments } from "./redis/assignments.ts";
export type { RedisClient } from "./redis/driver.ts";
export type { RedisStoreOptions } from "./redis/options.ts";
export { redisStore } from "./redis/redis-store.ts";
export type { StoreEnvironment } from "./shared/environment.ts";

/**
 * The store of `FEATURE_PROVIDER=redis`: at `REDIS_URL`, or at `DATABASE_URL` where that is one of
 * Redis. Throws `INVALID_ENVIRONMENT`.
 */
export function storeFromEnvironment({
  databaseUrl,
  redisUrl,
  table: prefix,
  refreshInterval: pollInterval,
}: StoreEnvironment): Store {
  const schemes = /^rediss?:/;
  const given = redisUrl ?? (schemes.test(databaseUrl ?? "") ? databaseUrl : undefined);
  const url = neededUrl("redis", "REDIS_URL", given, schemes, "redis://host:6379");
  return redisStore({ url, prefix, pollInterval });
}
