import { redisStore } from "@halyard/stores/redis";
import { createClient, RESP_TYPES } from "redis";
import { onTestFinished } from "vitest";
import { startRedis } from "../../support/servers/redis.ts";
import { withServer } from "../../support/servers/server.ts";
import type { FaultyStore } from "./faulty-store.ts";
import { healthSuite } from "./health.ts";
import { faultSuite } from "./suite.ts";

withServer("Redis", await startRedis(), (server) => {
  const connected = async () => {
    const client = await createClient({ url: server.url }).connect();
    onTestFinished(() => client.destroy());
    return client;
  };
  const faulty: FaultyStore = {
    name: "Redis",
    server,
    open: (url, prefix, pollInterval) => redisStore({ url, prefix, pollInterval }),
    // The entry of the audit, which goes along.
    commits: /"created"/,
    empty: async () => {
      await (await connected()).flushAll();
    },
    takeAway: async () => {
      const client = await connected();
      const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      const dumped = await Promise.all(
        (await client.keys("*")).map(async (key) => [key, await bytes.dump(key)] as const),
      );
      await client.flushAll();
      const putBack = (isMeta: boolean) => async (): Promise<void> => {
        for (const [key, dump] of dumped) {
          if (key.endsWith(":meta") === isMeta) await client.restore(key, 0, dump as never);
        }
      };
      return [putBack(true), putBack(false)];
    },
  };
  faultSuite(faulty);
  healthSuite(faulty);
});
