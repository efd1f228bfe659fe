import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFlags, type Flags, type Store } from "@halyard/server";
import { postgresStore } from "@halyard/stores/postgres";
import { redisStore } from "@halyard/stores/redis";
import { sqliteStore } from "@halyard/stores/sqlite";
import { afterAll, expect, it, vi } from "vitest";
import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { withServer } from "../support/servers/server.ts";

// Of several instances on one store, one makes what is due, and all serve it.

const ann = { actor: { id: "ann", type: "person" } };
const ben = { actor: { id: "ben", type: "person" } };
const place = (): string => `t_${randomBytes(6).toString("hex")}`;

function makesOnce(name: string, open: (at: string) => Store): void {
  it(`${name}: a scheduled change is made once, by any of five`, { timeout: 30_000 }, async () => {
    const at = place();
    const instances: Flags[] = [];
    try {
      for (let count = 0; count < 5; count++) {
        const f = createFlags({ sources: [], store: open(at), review: {} });
        instances.push(f);
        await f.ready();
      }
      const [first, second] = instances as [Flags, Flags];
      const definition = { enabled: true };
      const changes = ["a", "b"].map(
        (key) => ({ what: "flag", op: "put", key, definition }) as const,
      );
      const scheduledFor = Date.now() + 4000;
      const { id } = await first.proposals.propose(changes, { ...ann, scheduledFor });
      expect((await second.proposals.approve(id, ben)).status).toBe("scheduled");
      const keys = ["a", "b"] as never[];
      const isOn = (f: Flags): boolean => keys.every((key) => f.client().enabled(key));
      await vi.waitUntil(() => instances.every(isOn), { timeout: 20_000 });
      const made = await second.audit.list({ what: "flag" });
      expect(made.items.map((entry) => [entry.key, entry.action, entry.actor.id])).toEqual([
        ["b", "created", "halyard"],
        ["a", "created", "halyard"],
      ]);
      expect(made.items.every((entry) => entry.at >= scheduledFor)).toBe(true);
      const { status, failure } = await first.proposals.get(id);
      expect([status, failure]).toEqual(["applied", undefined]);
    } finally {
      for (const f of instances) await f.close();
    }
  });
}

const folder = mkdtempSync(join(tmpdir(), "halyard-schedule-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
makesOnce("SQLite", (at) => sqliteStore({ path: join(folder, `${at}.db`) }));

withServer("PostgreSQL", await startPostgres(), ({ url }) => {
  makesOnce("PostgreSQL", (table) => postgresStore({ url, table }));
});

withServer("Redis", await startRedis(), ({ url }) => {
  makesOnce("Redis", (prefix) => redisStore({ url, prefix }));
});
