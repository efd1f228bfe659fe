// How soon ten processes see what one of them writes: `npm run bench:agreement`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres } from "../support/servers/postgres.ts";
import { findRedis } from "../support/servers/redis.ts";
import { Processes } from "./processes.ts";

const COUNT = 10;
const TIMES = 40;

const folder = mkdtempSync(join(tmpdir(), "halyard-agreement-"));
const [postgres, redis] = await Promise.all([findPostgres(), findRedis()]);

function quantile(sorted: readonly number[], q: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(0);
}

async function measure(name: string, url: string): Promise<void> {
  const processes = await Processes.start(url, COUNT);
  for (const what of ["defined", "overridden", "emergency"]) {
    await processes.agree(what, 5);
    const delays = (await processes.agree(what, TIMES, 100)).sort((a, b) => a - b);
    const [median, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)];
    console.log(`| ${name} | ${what} | ${median} ms | ${p99} ms | ${quantile(delays, 1)} ms |`);
  }
  await processes.end();
}

console.log(
  `| Store | What was written | Median | 99 % | Worst |\n| --- | --- | --: | --: | --: |`,
);
try {
  await measure("SQLite", `file:${join(folder, "flags.db")}`);
  for (const [name, server] of [
    ["PostgreSQL", postgres],
    ["Redis", redis],
  ] as const) {
    if (server instanceof Error) console.log(`${name} can't be had: ${server.message}`);
    else await measure(name, server.url);
  }
} finally {
  for (const server of [postgres, redis]) if (!(server instanceof Error)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
