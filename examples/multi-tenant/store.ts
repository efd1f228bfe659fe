import { fileURLToPath } from "node:url";
import type { Store } from "@halyard/express";
import { postgresStore } from "@halyard/stores/postgres";
import { redisStore } from "@halyard/stores/redis";
import { sqliteStore } from "@halyard/stores/sqlite";

const OWN = fileURLToPath(new URL("flags.db", import.meta.url));

/** The store of all processes: a file beside this one, or what `STORE_URL` says. */
export function openStore(url: string | undefined = process.env.STORE_URL): Store {
  if (url === undefined) return sqliteStore({ path: OWN });
  if (/^postgres(ql)?:/.test(url)) return postgresStore({ url });
  if (/^rediss?:/.test(url)) return redisStore({ url });
  if (url.startsWith("file:")) return sqliteStore({ path: url.slice("file:".length) });
  throw new Error("STORE_URL begins with postgres:, redis: or file:");
}
