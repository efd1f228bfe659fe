import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { storeFromEnvironment as postgres } from "../postgres.ts";
import { storeFromEnvironment as redis } from "../redis.ts";
import { storeFromEnvironment as sqlite } from "../sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "halyard-environment-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(["file:", "sqlite:", "file://", ""])("SQLite's file may be written %s…", async (scheme) => {
  const path = join(folder, "flags.db");
  const store = sqlite({ databaseUrl: `${scheme}${path}`, table: "own_flags" });
  expect(await store.read()).toMatchObject({ overrides: [] });
  await store.close();
});

it.each([
  ["SQLite", sqlite, {}, "DATABASE_URL"],
  ["SQLite, without a file", sqlite, { databaseUrl: "file:" }, "DATABASE_URL"],
  ["PostgreSQL", postgres, {}, "DATABASE_URL"],
  ["Redis", redis, {}, "REDIS_URL"],
  ["Redis, beside another database", redis, { databaseUrl: "postgres://host/db" }, "REDIS_URL"],
])("%s without an address says which variable has it", (_name, make, environment, variable) => {
  expect(() => make(environment)).toThrow(
    expect.objectContaining({
      code: "INVALID_ENVIRONMENT",
      message: expect.stringContaining(variable),
    }),
  );
});

it("PostgreSQL and Redis are not asked for anything before they are used", async () => {
  await postgres({ databaseUrl: "postgres://nobody@127.0.0.1:1/none", table: "own_flags" }).close();
  await redis({ redisUrl: "redis://127.0.0.1:1", table: "own" }).close();
  await redis({ databaseUrl: "rediss://127.0.0.1:1" }).close();
});
