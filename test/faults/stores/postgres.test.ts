import { postgresStore } from "@halyard/stores/postgres";
import pg from "pg";
import { startPostgres } from "../../support/servers/postgres.ts";
import { withServer } from "../../support/servers/server.ts";
import { faultSuite } from "./suite.ts";

const TABLES = ["", "_segments", "_groups", "_overrides", "_audit", "_meta"];

withServer("PostgreSQL", await startPostgres(), (server) => {
  faultSuite({
    name: "PostgreSQL",
    server,
    open: (url, table) => postgresStore({ url, table }),
    empty: async (table) => {
      const client = new pg.Client(server.url);
      await client.connect();
      for (const name of TABLES) await client.query(`DROP TABLE IF EXISTS "${table}${name}"`);
      await client.end();
    },
  });
});
