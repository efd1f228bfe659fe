import type { Store } from "@halyard/core";
import { postgresStore } from "@halyard/stores/postgres";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startPostgres } from "../../support/servers/postgres.ts";
import { proxyTo, type TestProxy } from "../../support/servers/proxy.ts";
import { withServer } from "../../support/servers/server.ts";
import { until } from "../support/until.ts";
import { by, codeOf, type FaultyStore, flag, writtenKeys } from "./faulty-store.ts";
import { hangingCases } from "./hanging-cases.ts";
import { healthSuite } from "./health.ts";
import { faultSuite } from "./suite.ts";

const TABLES = ["", "_segments", "_groups", "_overrides", "_proposals", "_audit", "_meta"];

withServer("PostgreSQL", await startPostgres(), (server) => {
  it("who goes silent amid a write does not keep others from writing", async () => {
    const proxy = await proxyTo(server.url);
    const [direct, silent] = [server.url, proxy.url].map((url) =>
      postgresStore({ url, table: "silent" }),
    ) as [Store, Store];
    onTestFinished(async () => {
      proxy.drop();
      await Promise.all([direct.close(), silent.close()]);
      await proxy.close();
    });
    await silent.write([flag("before")], by);
    proxy.freezeAfter(/FOR UPDATE/);
    const writing = codeOf(silent.write([flag("hung")], by));
    await until("it has the lock", () => proxy.held() > 0);
    await direct.write([flag("meanwhile")], by);
    // It is told, and tries again where it is heard.
    proxy.drop();
    proxy.mend();
    expect(await writing).toBe("none");
    expect([...(await writtenKeys(direct))].toSorted()).toEqual(["before", "hung", "meanwhile"]);
  }, 30_000);

  describe("by the application's pool, which waits for answers without end", {
    timeout: 40_000,
  }, () => {
    let proxy: TestProxy;
    let pool: pg.Pool;
    let stores: readonly [Store, Store];
    beforeEach(async () => {
      proxy = await proxyTo(server.url);
      pool = new pg.Pool({ connectionString: proxy.url, max: 3 });
      pool.on("error", () => {});
      pool.on("connect", (client) => void client.on("error", () => {}));
      const table = `pooled_${Math.random().toString(36).slice(2)}`;
      stores = [postgresStore({ url: server.url, table }), postgresStore({ pool, table })];
    });
    afterEach(async () => {
      proxy.drop();
      for (const store of stores) await store.close();
      await pool.end();
      await proxy.close();
    });
    hangingCases({ open: () => stores, proxy: () => proxy });
  });

  const query = async (statements: readonly string[]): Promise<void> => {
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(statements.join("; "));
    await client.end();
  };
  const faulty: FaultyStore = {
    name: "PostgreSQL",
    server,
    open: (url, table, pollInterval) => postgresStore({ url, table, pollInterval }),
    commits: /COMMIT(?!TED)/,
    empty: (table) => query(TABLES.map((name) => `DROP TABLE IF EXISTS "${table}${name}"`)),
    takeAway: async (table) => {
      const putBack = (names: readonly string[]) => async (): Promise<void> => {
        await query(names.map((name) => `INSERT INTO ${table}${name} TABLE ${table}${name}_kept`));
        await query(names.map((name) => `DROP TABLE ${table}${name}_kept`));
      };
      await query(
        TABLES.flatMap((name) => [
          `CREATE TABLE ${table}${name}_kept AS TABLE ${table}${name}`,
          `DELETE FROM ${table}${name}`,
        ]),
      );
      return [putBack(["_meta"]), putBack(TABLES.filter((name) => name !== "_meta"))];
    },
  };
  faultSuite(faulty);
  healthSuite(faulty);
});
