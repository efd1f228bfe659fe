import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { keyValueStore } from "./kv.ts";
import { storeFromEnvironment as postgresFrom, postgresStore } from "./postgres.ts";
import { storeFromEnvironment as redisFrom, redisStore } from "./redis.ts";
import { storeFromEnvironment as sqliteFrom, sqliteStore } from "./sqlite.ts";

const url = "postgres://localhost/x";
const redis = "redis://localhost";
const kv = new Map<string, string>();

const WRONG: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["sqlite without a path", () => sqliteStore({}), /path/],
  ["sqlite with both", () => sqliteStore({ path: "x", database: {} as never }), /path/],
  ["sqlite, an empty path", () => sqliteStore({ path: "" }), /path/],
  ["sqlite, a table", () => sqliteStore({ path: "x", table: 'a"; DROP' }), /table/],
  ["sqlite, a long table", () => sqliteStore({ path: "x", table: "a".repeat(42) }), /table/],
  ["sqlite, an interval", () => sqliteStore({ path: "x", pollInterval: 0 }), /pollInterval/],
  ["sqlite, misspelt", () => sqliteStore({ path: "x", tabel: "a" } as never), /tabel/],
  ["postgres without a url", () => postgresStore({}), /url/],
  ["postgres, a url of Redis", () => postgresStore({ url: redis }), /url/],
  ["postgres, no url", () => postgresStore({ url: "localhost" }), /url/],
  ["postgres, a table", () => postgresStore({ url, table: "1a" }), /table/],
  ["redis without a url", () => redisStore({}), /url/],
  ["redis, a url of PostgreSQL", () => redisStore({ url }), /url/],
  ["redis, a prefix", () => redisStore({ url: redis, prefix: "{a}" }), /prefix/],
  ["redis, a limit", () => redisStore({ url: redis, auditLimit: 0 }), /auditLimit/],
  ["redis, a small limit", () => redisStore({ url: redis, auditLimit: 999 }), /auditLimit/],
  ["postgres, a limit", () => postgresStore({ url, auditLimit: 999 }), /auditLimit.*1000/],
  ["sqlite, a limit", () => sqliteStore({ path: "x", auditLimit: 1e16 }), /auditLimit/],
  ["sqlite, migrate", () => sqliteStore({ path: "x", migrate: "no" as never }), /migrate/],
  ["kv, a limit", () => keyValueStore({ kv, auditLimit: 0.5 }), /auditLimit/],
  ["kv without one", () => keyValueStore({} as never), /kv/],
  ["kv without a list", () => keyValueStore({ kv: { get() {}, set() {}, delete() {} } }), /kv/],
  ["kv, a domain", () => keyValueStore({ kv, domain: "a:b" }), /domain/],
];

it.each(WRONG)("%s is refused, and named", (_, make, named) => {
  expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
  expect(make).toThrow(named);
});

it("a URL that is none is refused without being shown", () => {
  for (const wrong of ["postgres://user:s3cret@:port/x", "s3cret"]) {
    for (const make of [postgresStore, redisStore]) {
      const shown = (error: Error) => `${error.stack} ${error.cause}`;
      try {
        make({ url: wrong });
        expect.unreachable();
      } catch (error) {
        expect(shown(error as Error)).not.toMatch(/s3cret/);
      }
    }
  }
});

describe("the environment", () => {
  it("names a file of SQLite, in any of the usual ways", async () => {
    const folder = mkdtempSync(join(tmpdir(), "halyard-environment-"));
    const path = (name: string) => join(folder, name);
    const urls = [`file:${path("a")}`, pathToFileURL(path("b b")).href, `sqlite:${path("c")}`];
    for (const databaseUrl of [...urls, `sqlite://${path("d")}`]) {
      const store = sqliteFrom({ databaseUrl, table: "other" });
      expect(store.readSync?.().version).toBe(0);
      await store.close();
    }
    const files = readdirSync(folder).filter((name) => !name.includes("-"));
    expect(files).toEqual(["a", "b b", "c", "d"]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("names servers", () => {
    expect(postgresFrom({ databaseUrl: url, refreshInterval: 5000 }).name).toBe("postgres");
    expect(redisFrom({ redisUrl: redis }).name).toBe("redis");
    expect(redisFrom({ databaseUrl: redis, table: "flags" }).name).toBe("redis");
  });

  it.each([
    () => sqliteFrom({}),
    () => sqliteFrom({ databaseUrl: url }),
    () => postgresFrom({ databaseUrl: "file:x" }),
    () => postgresFrom({ redisUrl: redis }),
    () => redisFrom({ databaseUrl: url }),
    () => redisFrom({ redisUrl: url }),
  ])("must name what fits: %s", (make) => {
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_ENVIRONMENT" }));
  });
});
