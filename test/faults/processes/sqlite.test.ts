import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Fleet } from "./fleet.ts";
import { sharedCases } from "./shared-cases.ts";
import type { StoreProcess } from "./store-process.ts";

// There is no server that could start anew, no connection that could be cut, and no start without
// the file: an instance throws then. What can hang is a lock, and what can go is the file.

describe("processes on SQLite, when something breaks", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-processes-"));
  const file = join(folder, "flags.db");
  const url = `file:${file}`;
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start(url, [{}, {}, {}]);
  }, 60_000);
  afterEach(() => fleet.mend());
  afterAll(async () => {
    await fleet.end();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  sharedCases(() => fleet, url);

  it("somebody holds the lock: nobody waits for it but who writes, who goes on", async () => {
    await fleet.agree();
    const [writer, reader] = fleet.processes as [StoreProcess, StoreProcess];
    const { values } = await reader.state();
    const holder = new Database(file);
    holder.exec("BEGIN IMMEDIATE");
    const value = fleet.next();
    let written = false;
    const writing = writer.put("defined", value).finally(() => {
      written = true;
    });
    for (const index of fleet.processes.keys()) {
      const { defined, emergency } = (await fleet.stranger(index)).values;
      expect([defined, emergency]).toEqual([values.defined, values.emergency]);
    }
    expect(written).toBe(false);
    holder.exec("ROLLBACK");
    holder.close();
    expect((await writing).status).toBe(200);
    await fleet.serve({ defined: value });
    await fleet.agree(1);
  });

  it("the file goes: what was good serves, until it is there again", async () => {
    await fleet.agree();
    const { values } = await (fleet.processes[0] as StoreProcess).state();
    const parts = ["-shm", "-wal", ""];
    const move = (from: string, to: string): void => {
      for (const part of parts) renameSync(from + part, to + part);
    };
    move(file, `${file}.away`);
    for (const [index, process] of fleet.processes.entries()) {
      expect(await fleet.degraded(index)).toMatch(/a file that is gone/);
      expect((await process.state()).values).toEqual(values);
      expect(await process.put("defined", fleet.next())).toMatchObject({
        status: 503,
        body: { code: "STORE_WRITE_FAILED" },
      });
    }
    move(`${file}.away`, file);
    await fleet.agree();
    await fleet.agree(1);
  });
});
