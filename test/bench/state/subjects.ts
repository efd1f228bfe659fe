// A million overrides of users in each store: how long a subject that is not known takes, one that
// is, and how long ten thousand overrides for everybody take to reach an instance that starts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFlags, MAX_CHANGES, type Store, type StoreChange } from "@halyard/server";
import { openStore } from "../../../examples/multi-tenant/store.ts";
import { findPostgres } from "../../support/servers/postgres.ts";
import { findRedis } from "../../support/servers/redis.ts";
import { median } from "../tools/statistics.ts";

const USERS = Number(process.env.HALYARD_BENCH_USERS ?? 1_000_000);
const EVERYBODY = 10_000;
const COLD = 300;
const by = { actor: { id: "bench", type: "test" }, at: Date.now() };

async function fill(store: Store, count: number, change: (index: number) => StoreChange) {
  for (let from = 0; from < count; from += MAX_CHANGES) {
    const size = Math.min(MAX_CHANGES, count - from);
    await store.write(
      Array.from({ length: size }, (_, index) => change(from + index)),
      by,
    );
  }
}

const ofUser = (index: number): StoreChange => ({
  what: "override",
  flagKey: "beta",
  layer: "user",
  scope: `user:u${index}`,
  put: { value: true },
});
const ofEverybody = (index: number): StoreChange => ({
  what: "override",
  flagKey: `flag-${index}`,
  layer: "system",
  scope: "system",
  put: { value: true },
});

async function measure(name: string, open: () => Store): Promise<void> {
  const filling = open();
  await filling.migrate?.();
  const begun = performance.now();
  await fill(filling, USERS, ofUser);
  const filled = (performance.now() - begun) / 1000;
  const f = createFlags({ store: open(), subjects: { max: 1000 }, environment: "test" });
  await f.ready();
  const cold: number[] = [];
  const warm: number[] = [];
  for (let index = 0; index < COLD; index++) {
    const client = f.client({ userId: `u${Math.floor(Math.random() * USERS)}` });
    const start = performance.now();
    await client.load();
    cold.push(performance.now() - start);
    if (client.enabled("beta") !== true) throw new Error(`${name} has lost an override`);
    const again = performance.now();
    if (f.client({ userId: "u1" }).load() !== undefined && index > 0) continue;
    warm.push(performance.now() - again);
  }
  await f.close();
  await fill(filling, EVERYBODY, ofEverybody);
  const starting = performance.now();
  const started = createFlags({ store: open(), environment: "test" });
  await started.ready();
  const start = performance.now() - starting;
  const last = `flag-${EVERYBODY - 1}`;
  if (started.client().enabled(last) !== true) throw new Error(`${name} misses an override`);
  await started.close();
  await filling.close();
  console.log(
    `| ${name} | ${median(cold).toFixed(2)} ms | ${(1000 * median(warm)).toFixed(1)} µs | ${start.toFixed(0)} ms | ${filled.toFixed(0)} s |`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "halyard-state-"));
const [postgres, redis] = await Promise.all([findPostgres(), findRedis()]);
console.log(
  `| ${USERS.toLocaleString("en")} users' overrides in | cold subject, median | warm subject | start with ${EVERYBODY.toLocaleString("en")} for everybody | writing them |`,
);
console.log("| --- | --: | --: | --: | --: |");
try {
  await measure("SQLite", () => openStore(`file:${join(folder, "flags.db")}`));
  for (const [name, server] of [
    ["PostgreSQL", postgres],
    ["Redis", redis],
  ] as const) {
    if (server instanceof Error) console.log(`${name} can't be had: ${server.message}`);
    else await measure(name, () => openStore(server.url));
  }
} finally {
  for (const server of [postgres, redis]) if (!(server instanceof Error)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
