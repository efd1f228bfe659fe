import { randomBytes } from "node:crypto";
import type { Store } from "@halyard/server";
import { postgresStore } from "@halyard/stores/postgres";
import { redisStore } from "@halyard/stores/redis";
import { it } from "vitest";
import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { withServer } from "../support/servers/server.ts";
import { bench } from "./bench.ts";
import { exercise } from "./exercise.ts";
import { frameworks } from "./frameworks.ts";

// Every operation on every framework, over stores that are servers.

/** One for each test, so that each begins with nothing. */
const place = (): string => `t_${randomBytes(6).toString("hex")}`;

function exerciseOver(name: string, open: () => Store): void {
  it.each(frameworks)(`${name}, $name`, { timeout: 30_000 }, async (framework) => {
    await exercise(await bench({ framework, store: open() }));
  });
}

withServer("PostgreSQL", await startPostgres(), ({ url }) => {
  exerciseOver("PostgreSQL", () => postgresStore({ url, table: place() }));
});

withServer("Redis", await startRedis(), ({ url }) => {
  exerciseOver("Redis", () => redisStore({ url, prefix: place() }));
});
