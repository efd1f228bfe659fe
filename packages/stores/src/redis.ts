export type { RedisClient } from "./redis/driver.ts";
export { type RedisStoreOptions, redisStore } from "./redis/redis-store.ts";
