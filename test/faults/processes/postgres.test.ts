import pg from "pg";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { startPostgres } from "../../support/servers/postgres.ts";
import { withServer } from "../../support/servers/server.ts";
import { Fleet } from "./fleet.ts";
import { NETWORK_PROCESSES, networkCases } from "./network-cases.ts";
import { sharedCases } from "./shared-cases.ts";
import { startCases } from "./start-cases.ts";

const TABLES = ["", "_segments", "_groups", "_overrides", "_audit", "_meta"];

withServer("PostgreSQL", await startPostgres(), (server) => {
  describe("processes on PostgreSQL, when something breaks", { timeout: 60_000 }, () => {
    const admin = new pg.Pool({ connectionString: server.url, max: 1 }).on("error", () => {});
    const all = (statement: (table: string) => string): Promise<unknown> =>
      admin.query(
        `BEGIN; ${TABLES.map((table) => statement(`feature_flags${table}`)).join("; ")}; COMMIT`,
      );
    let fleet: Fleet;

    beforeAll(async () => {
      fleet = await Fleet.start(server.url, NETWORK_PROCESSES);
    }, 60_000);
    afterEach(() => fleet.mend());
    afterAll(async () => {
      await fleet.end();
      await admin.end();
    }, 60_000);

    sharedCases(() => fleet, server.url);
    startCases(() => fleet, server.url);
    networkCases(() => fleet, {
      server,
      listens: /LISTEN "/,
      hangUp: async () => {
        await admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'",
        );
      },
      empty: async () => {
        const kept = `kept_${Math.random().toString(36).slice(2)}`;
        await admin.query(`CREATE SCHEMA ${kept}`);
        await all((table) => `CREATE TABLE ${kept}.${table} AS TABLE ${table}`);
        await all((table) => `DELETE FROM ${table}`);
        return async () => {
          await all((table) => `DELETE FROM ${table}; INSERT INTO ${table} TABLE ${kept}.${table}`);
        };
      },
    });
  });
});
