// What overrides cost a read: the same reads of three instances, sample by sample in turn.
import { createFlags, type FlagClient, MemoryStore } from "@halyard/server";
import { median } from "../tools/statistics.ts";

const READS = 2_000_000;
const ROUNDS = 25;
const actor = { id: "bench", type: "test" };

const flags = Object.fromEntries(
  Array.from({ length: 1000 }, (_, index) => [`flag-${index}`, { default: index % 2 === 0 }]),
);
const context = { userId: "user-1", tenantId: "acme", roles: ["admin", "staff"] };

async function clientWith(count: number | undefined): Promise<FlagClient> {
  const store = count === undefined ? undefined : new MemoryStore({});
  const f = createFlags({ sources: [{ flags }], store, environment: "production" });
  for (let index = 0; index < (count ?? 0); index++) {
    const scope = index % 2 === 0 ? { kind: "user", id: "user-1" } : { kind: "tenant", id: "acme" };
    await f.overrides.set(`flag-${index}`, scope as { kind: "user"; id: string }, true, { actor });
  }
  const client = f.client(context);
  await client.ready();
  return client;
}

interface Row {
  readonly name: string;
  readonly loop: (count: number) => number;
  readonly samples: number[];
}

/** A loop of its own for each, as an application has one call for each read. */
function row(name: string, client: FlagClient, key: string): Row {
  const body = `return function (count) {
    let on = 0;
    for (let index = 0; index < count; index++) if (client.enabled(key)) on++;
    return on;
  };`;
  return { name, loop: new Function("client", "key", body)(client, key), samples: [] };
}

const [plain, empty, ten] = await Promise.all([
  clientWith(undefined),
  clientWith(0),
  clientWith(10),
]);
const rows = [
  row("no store", plain, "flag-500"),
  row("a store, no override for the subject", empty, "flag-500"),
  row("ten overrides, another flag", ten, "flag-500"),
  row("ten overrides, a flag that has one", ten, "flag-4"),
];
for (const { loop } of rows) for (let round = 0; round < 10; round++) loop(READS / 10);
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
for (const { loop } of rows) loop(READS);
const allocated = (process.memoryUsage().heapUsed - before) / (rows.length * READS);
for (let round = 0; round < ROUNDS; round++) {
  for (const { loop, samples } of rows) {
    const { user, system } = process.cpuUsage();
    loop(READS);
    const after = process.cpuUsage();
    samples.push(((after.user + after.system - user - system) * 1000) / READS);
  }
}
process.send?.({
  rows: rows.map(({ name, samples }) => ({ name, nanoseconds: median(samples) })),
  allocated,
});
