import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ended, startProgram } from "../../support/program.ts";
import { findPostgres } from "../../support/servers/postgres.ts";
import { findRedis } from "../../support/servers/redis.ts";
import { withServer } from "../../support/servers/server.ts";

// A process with a store that is watched and never closed ends when its own work is done.

const folder = mkdtempSync(join(tmpdir(), "halyard-exit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program that has a `store`; what it prints. Fails when it does not end. */
async function program(entry: string, store: string, work: string): Promise<string> {
  const { code, stdout } = await ended(
    await startProgram(`
      import * as stores from "@halyard/stores/${entry}";
      const store = stores.${store};
      const by = { actor: { id: "ann", type: "person" }, at: 0 };
      store.watch({ onChange: () => {}, onError: () => console.log("error") });
      ${work}`),
  );
  expect(code).toBe(0);
  return stdout.trim();
}

const WRITE = `const { version } = await store.write([{ what: "flag", key: "a", definition: {} }], by);
  console.log((await store.read()).version >= version);`;
const FAIL = `await store.read().catch((error) => console.log(error.code));`;

it("SQLite", { timeout: 30_000 }, async () => {
  const store = `sqliteStore({ path: ${JSON.stringify(join(folder, "flags.db"))} })`;
  expect(await program("sqlite", store, WRITE)).toBe("true");
});

it("keys and values", { timeout: 30_000 }, async () => {
  expect(await program("kv", "keyValueStore({ kv: new Map() })", WRITE)).toBe("true");
});

withServer("PostgreSQL", await findPostgres(), ({ url }) => {
  it("PostgreSQL", { timeout: 30_000 }, async () => {
    const store = `postgresStore({ url: ${JSON.stringify(url)}, table: "exits" })`;
    expect(await program("postgres", store, WRITE)).toBe("true");
  });
});

withServer("Redis", await findRedis(), ({ url }) => {
  it("Redis", { timeout: 30_000 }, async () => {
    const store = `redisStore({ url: ${JSON.stringify(url)}, prefix: "exits" })`;
    expect(await program("redis", store, WRITE)).toBe("true");
  });
});

it("a server that is not there", { timeout: 30_000 }, async () => {
  const postgres = `postgresStore({ url: "postgres://127.0.0.1:1/x" })`;
  expect(await program("postgres", postgres, FAIL)).toContain("STORE_READ_FAILED");
  const redis = `redisStore({ url: "redis://127.0.0.1:1" })`;
  expect(await program("redis", redis, FAIL)).toContain("STORE_READ_FAILED");
});
