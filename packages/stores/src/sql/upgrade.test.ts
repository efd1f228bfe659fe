import { randomBytes } from "node:crypto";
import type { Attribution, Store, StoreChange } from "@halyard/core";
import Libsql from "libsql";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { findPostgres } from "../../../../test/support/servers/postgres.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { postgresStore } from "../postgres.ts";
import { sqliteStore } from "../sqlite.ts";

// Tables that an older version made are brought up to date, with what is in them.

const BY: Attribution = { actor: { id: "ann", type: "person" }, at: 1_798_804_800_000 };
const FLAG: StoreChange = { what: "flag", key: "a", definition: { enabled: true } };
const PROPOSAL: StoreChange = { what: "proposal", key: "p", definition: {} };

/** What tables of version 2 have and those of version 1 had not. */
function downgrade(table: string): readonly string[] {
  return [
    `DROP TABLE "${table}_proposals"`,
    `ALTER TABLE "${table}_audit" DROP COLUMN bypass`,
    `UPDATE "${table}_meta" SET schema_version = 1`,
  ];
}

async function upgrades(
  open: () => Store,
  run: (sql: readonly string[]) => unknown,
  table: string,
): Promise<void> {
  const old = open();
  await old.write([FLAG], BY);
  await old.close();
  await run(downgrade(table));
  const store = open();
  const written = await store.write([PROPOSAL], { ...BY, bypass: true });
  expect(written.version).toBe(2);
  expect((await store.listProposals({}, { limit: 5 })).items).toHaveLength(1);
  const { items } = await store.readAudit({}, { limit: 5 });
  expect(items.map(({ key, bypass }) => [key, bypass])).toEqual([
    ["p", true],
    ["a", undefined],
  ]);
  await store.close();
}

it("SQLite", async () => {
  const database = new Libsql(":memory:");
  const run = (sql: readonly string[]): unknown => database.exec(sql.join(";"));
  await upgrades(() => sqliteStore({ database }), run, "feature_flags");
  database.close();
});

withServer("PostgreSQL", await findPostgres(), ({ url }) => {
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => {});
  afterAll(() => pool.end());

  it("PostgreSQL", async () => {
    const table = `t_${randomBytes(6).toString("hex")}`;
    const run = (sql: readonly string[]): unknown => pool.query(sql.join(";"));
    await upgrades(() => postgresStore({ pool, table }), run, table);
    for (const name of [
      "",
      "_segments",
      "_groups",
      "_overrides",
      "_proposals",
      "_audit",
      "_meta",
    ]) {
      await pool.query(`DROP TABLE "${table}${name}"`);
    }
  });
});
