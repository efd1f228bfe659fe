import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPostgres } from "../support/servers/postgres.ts";
import { findRedis } from "../support/servers/redis.ts";
import { withServer } from "../support/servers/server.ts";
import { Processes } from "./processes.ts";

// Real processes on real stores. How soon they agree is measured by `npm run bench:agreement`.

const COUNT = 3;
const TIMES = 8;

function agreementTests(url: () => string): void {
  let processes: Processes;

  beforeAll(async () => {
    processes = await Processes.start(url(), COUNT);
  }, 60_000);
  afterAll(() => processes.end());

  it.each(["defined", "overridden", "emergency"])(
    "every process sees each value of what is %s, and none an older one after a newer one",
    async (flag) => {
      await processes.agree(flag, TIMES);
      for (let by = 0; by < processes.count; by++) {
        const seen = processes.history(by, flag).filter((value) => typeof value === "number");
        expect(seen).toEqual(Array.from({ length: TIMES }, (_, index) => index + 1));
      }
    },
    60_000,
  );
}

describe("processes on SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-agreement-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  agreementTests(() => `file:${join(folder, "flags.db")}`);
});

withServer("PostgreSQL", await findPostgres(), ({ url }) => {
  describe("processes on PostgreSQL", () => agreementTests(() => url));
});

withServer("Redis", await findRedis(), ({ url }) => {
  describe("processes on Redis", () => agreementTests(() => url));
});
