export type { SqliteDatabase, SqliteStatement } from "./sqlite/driver.ts";
export { storeFromEnvironment } from "./sqlite/from-environment.ts";
export { type SqliteStoreOptions, sqliteStore } from "./sqlite/sqlite-store.ts";
