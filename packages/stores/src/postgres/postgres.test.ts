import { randomBytes } from "node:crypto";
import { storeSuite } from "@halyard/testing/store";
import pg from "pg";
import { afterAll, describe, it } from "vitest";
import { findPostgres } from "../../../../test/support/servers/postgres.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { postgresStore } from "../postgres.ts";

const TABLES = ["", "_segments", "_groups", "_overrides", "_proposals", "_audit", "_meta"];

withServer("PostgreSQL", await findPostgres(), ({ url }) => {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  // The server may be stopped before connections are closed, of which the pool does not wait.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  afterAll(() => pool.end());

  const place = async () => {
    const table = `t_${randomBytes(6).toString("hex")}`;
    const drop = async () => {
      for (const name of TABLES) await pool.query(`DROP TABLE IF EXISTS "${table}${name}"`);
    };
    return { table, lose: drop, remove: drop };
  };

  storeSuite(
    {
      name: "PostgreSQL",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      create: async () => {
        const { table, ...rest } = await place();
        return { open: (options = {}) => postgresStore({ url, table, ...options }), ...rest };
      },
    },
    { describe, it },
  );

  storeSuite(
    {
      name: "PostgreSQL by the application's pool",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      create: async () => {
        const { table, ...rest } = await place();
        return { open: (options = {}) => postgresStore({ pool, table, ...options }), ...rest };
      },
    },
    { describe, it },
  );
});
