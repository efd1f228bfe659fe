export type { PostgresClient, PostgresPool } from "./postgres/driver.ts";
export { storeFromEnvironment } from "./postgres/from-environment.ts";
export { type PostgresStoreOptions, postgresStore } from "./postgres/postgres-store.ts";
