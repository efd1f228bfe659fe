import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store, Variables } from "@halyard/core";
import Libsql from "libsql";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { findPostgres } from "../../../../test/support/servers/postgres.ts";
import { findRedis } from "../../../../test/support/servers/redis.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { postgresStore } from "../postgres.ts";
import { redisStore } from "../redis.ts";
import { sqliteStore } from "../sqlite.ts";
import { migrateCommand } from "./command.ts";

async function run(variables: Variables, ...words: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const output = {
    out: (line: string) => out.push(line),
    error: (line: string) => errors.push(line),
  };
  const code = await migrateCommand(words, variables, output);
  return { code, out: out.join("\n"), error: errors.join("\n") };
}

const TABLES = ["", "_segments", "_groups", "_overrides", "_audit", "_meta"];

const by = { actor: { id: "ann", type: "person" }, at: 0 };

/** Whether a store can be written and read, and is then closed. */
async function works(store: Store): Promise<boolean> {
  await store.write([{ what: "flag", key: "a", definition: {} }], by);
  const { documents } = await store.read();
  await store.close();
  return documents.length === 1;
}

describe("what it is asked for", () => {
  it("says how it is used", async () => {
    for (const word of ["--help", "-h"]) {
      const { code, out } = await run({}, word);
      expect([code, out]).toEqual([0, expect.stringContaining("Usage: halyard-migrate")]);
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  it.each<[Variables, string[], RegExp]>([
    [{}, ["--nothing"], /--nothing/],
    [{}, ["up"], /up/],
    [{}, ["--print=yes"], /print/],
    [{}, ["--print", "--dry-run"], /not both/],
    [{}, [], /DATABASE_URL/],
    [{ FEATURE_PROVIDER: "mongo" }, [], /FEATURE_PROVIDER/],
    [{ FEATURE_PROVIDER: "file", DATABASE_URL: "file:x" }, [], /"file".* nothing to migrate/],
    [{ FEATURE_PROVIDER: "postgres" }, [], /DATABASE_URL/],
    [{ FEATURE_PROVIDER: "postgres", DATABASE_URL: "file:x" }, [], /DATABASE_URL/],
    [{ FEATURE_PROVIDER: "redis" }, [], /REDIS_URL/],
    [{ DATABASE_URL: "mysql://ann:s3cret@host/x" }, [], /mysql/],
    [{ DATABASE_URL: "ann:s3cret@host/x" }, [], /DATABASE_URL/],
    [{ DATABASE_URL: "postgres://ann:s3cret@:x/y" }, [], /url/],
    [{ DATABASE_URL: "file:x", FEATURE_TABLE: 'a"b' }, ["--print"], /table/],
    [{ DATABASE_URL: "file:x", FEATURE_TABLE: 'a"b' }, [], /table/],
    [{ REDIS_URL: "redis://host" }, ["--print"], /SQL/],
  ])("refuses %j %j, and does nothing", async (variables, words, named) => {
    const { code, out, error } = await run(variables, ...words);
    expect([code, out, error.split("\n").length]).toEqual([2, "", 1]);
    expect(error).toMatch(named);
    expect(error).toMatch(/^halyard-migrate: /);
    expect(error).not.toMatch(/s3cret/);
  });

  it("does not show what a URL keeps secret, wherever it is in it", async () => {
    for (const url of [
      "postgres://ann:s3cret@127.0.0.1:1/flags?password=s3cret",
      "postgres:///flags?host=127.0.0.1&port=1&password=s3cret",
      "redis://:s3cret@127.0.0.1:1",
    ]) {
      const { code, out, error } = await run({ DATABASE_URL: url });
      expect([code, out]).toEqual([1, ""]);
      expect(error).not.toMatch(/s3cret/);
      expect(error).toMatch(/Check that the server is up/);
    }
  });
});

describe("SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-migrate-"));
  let path = "";
  const file = () => {
    path = join(folder, randomBytes(6).toString("hex"));
    return { DATABASE_URL: `file:${path}` };
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("makes the tables once, and says so", async () => {
    const variables = { ...file(), FEATURE_TABLE: "f" };
    const first = await run(variables);
    expect([first.code, first.error]).toEqual([0, ""]);
    expect(first.out.replace(/\d+\)/, "n)")).toBe(`SQLite at ${path}, tables f: made (version n).`);
    const { code, out } = await run(variables);
    expect([code, out]).toEqual([0, expect.stringMatching(/up to date .* nothing to do\.$/)]);
    expect(await works(sqliteStore({ path, table: "f", migrate: false }))).toBe(true);
  });

  it("says what it would do, without making a file", async () => {
    const { code, out } = await run(file(), "--dry-run");
    expect(code).toBe(0);
    expect(out).toMatch(/^-- SQLite at .*: would be made \(version \d+\)\.\nBEGIN;\n/);
    expect(existsSync(path)).toBe(false);
    expect((await run({ DATABASE_URL: `file:${path}` })).out).toMatch(/made/);
    const after = await run({ DATABASE_URL: `file:${path}` }, "--dry-run");
    expect(after.out).toMatch(/^-- .* nothing to do\.$/);
  });

  it.each(["--print", "--dry-run"])("%s gives what makes a store, as it stands", async (word) => {
    const { out } = await run(file(), word);
    const database = new Libsql(path);
    database.exec(out);
    database.close();
    expect((await run({ DATABASE_URL: `file:${path}` })).out).toMatch(/nothing to do/);
    expect(await works(sqliteStore({ path, migrate: false }))).toBe(true);
  });

  it("can be run by several at once", async () => {
    const variables = file();
    const ended = await Promise.all(Array.from({ length: 8 }, () => run(variables)));
    expect(ended.map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(ended.filter(({ out }) => / made /.test(out))).toHaveLength(1);
  });

  it("leaves newer tables, and those that do not say, alone", async () => {
    for (const [sql, said] of [
      [
        "UPDATE feature_flags_meta SET schema_version = 99",
        /tables of version 99.* up to \d+: update/,
      ],
      ["DELETE FROM feature_flags_meta", /is empty/],
    ] as const) {
      const variables = file();
      await run(variables);
      const database = new Libsql(path);
      database.exec(sql);
      database.close();
      for (const words of [[], ["--dry-run"]]) {
        const { code, out, error } = await run(variables, ...words);
        expect([code, out]).toEqual([1, ""]);
        expect(error).toMatch(said);
      }
      await expect(sqliteStore({ path, migrate: false }).read()).rejects.toThrow(said);
    }
  });

  it("is what a store without its tables asks for, if it may not make them", async () => {
    file();
    const store = sqliteStore({ path, migrate: false });
    const missing = {
      code: "STORE_READ_FAILED",
      message: expect.stringContaining("npx halyard-migrate"),
    };
    expect(() => store.readSync?.()).toThrow(expect.objectContaining(missing));
    await expect(store.read()).rejects.toMatchObject(missing);
    await expect(store.write([{ what: "flag", key: "a", definition: {} }], by)).rejects.toThrow(
      "npx halyard-migrate",
    );
    expect(existsSync(path)).toBe(false);
    await run({ DATABASE_URL: `file:${path}` });
    // It was asked for by this store, too: no need to start anew.
    expect(await works(store)).toBe(true);
  });

  it("is what `migrate` does, also of a store that may not by itself", async () => {
    file();
    const store = sqliteStore({ path, migrate: false });
    const needed = await store.migrate?.({ dryRun: true });
    expect(needed?.from).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect((await store.migrate?.())?.statements.length).toBeGreaterThan(0);
    const { to } = needed ?? {};
    expect(await store.migrate?.()).toEqual({ from: to, to, statements: [] });
    expect(await works(store)).toBe(true);
  });
});

withServer("PostgreSQL", await findPostgres(), ({ url }) => {
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const made: string[] = [];
  let table = "";
  const place = () => {
    table = `t_${randomBytes(6).toString("hex")}`;
    made.push(table);
    return { DATABASE_URL: url, FEATURE_TABLE: table };
  };
  afterAll(async () => {
    const names = made.flatMap((each) => TABLES.map((name) => `"${each}${name}"`));
    await pool.query(`DROP TABLE IF EXISTS ${names.join(", ")}`);
    await pool.end();
  });

  it("makes tables once when several run at once, and shows no password", async () => {
    const variables = place();
    const ended = await Promise.all(Array.from({ length: 6 }, () => run(variables)));
    expect(ended.map(({ code }) => code)).toEqual(Array(6).fill(0));
    expect(ended.filter(({ out }) => / made /.test(out))).toHaveLength(1);
    const { host, pathname } = new URL(url);
    expect(ended[0]?.out).toContain(`PostgreSQL at ${host}${pathname}, tables ${table}: `);
    expect(await works(postgresStore({ url, table, migrate: false }))).toBe(true);
  });

  it.each(["--print", "--dry-run"])("%s gives what makes a store, as it stands", async (word) => {
    const variables = place();
    const { out } = await run(variables, word);
    expect((await run(variables, "--dry-run")).out).toMatch(/would be made/);
    await pool.query(out);
    expect((await run(variables)).out).toMatch(/nothing to do/);
    expect(await works(postgresStore({ url, table, migrate: false }))).toBe(true);
  });

  it("leaves newer tables, and those that do not say, alone", async () => {
    for (const [sql, said] of [
      ["UPDATE $ SET schema_version = 99", /tables of version 99.* up to \d+: update/],
      ["DELETE FROM $", /is empty/],
    ] as const) {
      const variables = place();
      await run(variables);
      await pool.query(sql.replace("$", `"${table}_meta"`));
      const { code, error } = await run(variables);
      expect([code, error]).toEqual([1, expect.stringMatching(said)]);
    }
  });

  it("is what a store asks for as a user who may not make tables", async () => {
    const variables = place();
    const user = `u_${randomBytes(6).toString("hex")}`;
    await pool.query(`CREATE USER ${user} PASSWORD 'app'`);
    const own = new URL(url);
    own.username = user;
    own.password = "app";
    const open = (migrate: boolean) => postgresStore({ url: own.href, table, migrate });
    const [careful, eager] = [open(false), open(true)];
    await expect(careful.read()).rejects.toMatchObject({
      code: "STORE_READ_FAILED",
      message: expect.stringMatching(/has no tables.*npx halyard-migrate/),
    });
    await expect(eager.read()).rejects.toThrow("npx halyard-migrate");
    expect((await run({ ...variables, DATABASE_URL: own.href })).error).toMatch(
      /permission denied/,
    );
    expect((await run(variables)).code).toBe(0);
    for (const name of TABLES) {
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON "${table}${name}" TO ${user}`);
    }
    expect(await works(careful)).toBe(true);
    await eager.close();
    await pool.query(`DROP OWNED BY ${user}`);
    await pool.query(`DROP USER ${user}`);
  });
});

withServer("Redis", await findRedis(), ({ url }) => {
  it("makes what says which store it is", async () => {
    const prefix = `t-${randomBytes(6).toString("hex")}`;
    const variables = { FEATURE_PROVIDER: "redis", REDIS_URL: url, FEATURE_TABLE: prefix };
    const dry = await run(variables, "--dry-run");
    expect(dry.out).toMatch(
      /^Redis at \S+, keys t-\w+: would be made \(version \d+\)\.\nHSET \{t-/,
    );
    expect((await run(variables)).out).toMatch(/: made \(version \d+\)\.$/);
    expect((await run(variables)).out).toMatch(/nothing to do\.$/);
    const store = redisStore({ url, prefix });
    expect(await store.migrate?.()).toEqual({ from: 1, to: 1, statements: [] });
    expect(await works(store)).toBe(true);
  });
});
