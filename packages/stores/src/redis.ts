export type { RedisClient } from "./redis/driver.ts";
export { storeFromEnvironment } from "./redis/from-environment.ts";
export { type RedisStoreOptions, redisStore } from "./redis/redis-store.ts";
