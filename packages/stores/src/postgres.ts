export type { PostgresClient, PostgresPool } from "./postgres/driver.ts";
export { type PostgresStoreOptions, postgresStore } from "./postgres/postgres-store.ts";
