import { createFlags, type Flags } from "@halyard/server";
import { redisAssignments } from "@halyard/stores/redis";
import { expect, it, onTestFinished } from "vitest";
import { proxyTo } from "../../support/servers/proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { withServer } from "../../support/servers/server.ts";
import { until } from "../support/until.ts";

const USERS = Array.from({ length: 50 }, (_, index) => `user-${index}`);

/** Serves `a` to so many percent. */
function instance(a: number, url?: string): Flags {
  const rollout = { weights: { a, b: 100 - a }, experiment: true };
  const flags = createFlags({
    environment: "test",
    sources: [{ flags: { checkout: { variants: { a: "a", b: "b" }, fallthrough: { rollout } } } }],
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...(url === undefined ? {} : { assignments: redisAssignments({ url }) }),
  });
  onTestFinished(() => flags.close());
  return flags;
}

async function served(flags: Flags): Promise<unknown[]> {
  const values: unknown[] = [];
  for (const targetingKey of USERS) {
    const client = flags.client({ targetingKey });
    await client.ready();
    values.push(client.value("checkout" as never));
  }
  return values;
}

withServer("Redis", await startRedis(), ({ url }) => {
  it.each(["stall", "cut", "deafen"] as const)(
    "experiments go by weights while a proxy does %s, and by assignments as soon as they can be had",
    async (fault) => {
      const proxy = await proxyTo(url);
      onTestFinished(() => proxy.close());
      const first = instance(60, url);
      const kept = await served(first);
      await first.close();
      const flags = instance(20, proxy.url);
      proxy[fault]();
      const meanwhile = await served(flags);
      expect(meanwhile).toEqual(await served(instance(20)));
      expect(meanwhile).not.toEqual(kept);
      expect(flags.health()).toMatchObject({
        status: "degraded",
        assignments: { connected: false },
      });
      proxy.mend();
      await until("everybody is where they were", async () => {
        const isKept = (await served(flags)).every((value, index) => value === kept[index]);
        const { status, assignments } = flags.health();
        return isKept && status === "healthy" && assignments?.waiting === 0;
      });
      expect(flags.health().assignments?.dropped).toBe(0);
    },
    60_000,
  );
});
