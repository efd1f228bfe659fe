export type { SqliteDatabase, SqliteStatement } from "./sqlite/driver.ts";
export { type SqliteStoreOptions, sqliteStore } from "./sqlite/sqlite-store.ts";
