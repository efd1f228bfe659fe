import { randomBytes } from "node:crypto";
import { createFlags, type Store } from "@halyard/server";
import { postgresStore } from "@halyard/stores/postgres";
import { redisStore } from "@halyard/stores/redis";
import { expect, it, vi } from "vitest";
import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { withServer } from "../support/servers/server.ts";
import { bench } from "./bench.ts";
import { exercise, REVIEWED } from "./exercise.ts";
import { frameworks } from "./frameworks.ts";
import { listen } from "./listener.ts";

// Every operation on every framework, over stores that are servers.

/** One for each test, so that each begins with nothing. */
const place = (): string => `t_${randomBytes(6).toString("hex")}`;

function exerciseOver(name: string, open: (place: string) => Store): void {
  it.each(frameworks)(`${name}, $name`, { timeout: 30_000 }, async (framework) => {
    await exercise(await bench({ framework, store: open(place()), flags: REVIEWED }));
  });

  it(`${name}: who listens hears of what another process writes`, async () => {
    const shared = place();
    const { client, f } = await bench({ store: open(shared) });
    const other = createFlags({ sources: [], store: open(shared) });
    try {
      await other.ready();
      const listener = await listen(client.port);
      await listener.heard(1);
      const by = { actor: { id: "ann", type: "person" }, reason: "broken" };
      await other.definitions.put("far", { enabled: true }, by);
      await other.overrides.kill("far", by);
      await other.groups.add("staff", "dan", by);
      await vi.waitFor(
        () => {
          for (const change of [
            { what: "flag", key: "far" },
            { what: "override", key: "far", scope: "system" },
            { what: "group", key: "staff", scope: "dan" },
          ]) {
            expect(listener.changes).toContainEqual(change);
          }
        },
        { timeout: 5000, interval: 5 },
      );
      expect(f.client().value("far")).toBe(false);
    } finally {
      await other.close();
    }
  });
}

withServer("PostgreSQL", await startPostgres(), ({ url }) => {
  exerciseOver("PostgreSQL", (table) => postgresStore({ url, table }));
});

withServer("Redis", await startRedis(), ({ url }) => {
  exerciseOver("Redis", (prefix) => redisStore({ url, prefix }));
});
