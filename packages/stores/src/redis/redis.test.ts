import { randomBytes } from "node:crypto";
import { storeSuite } from "@halyard/testing/store";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, it } from "vitest";
import { findRedis } from "../../../../test/support/servers/redis.ts";
import { withCluster } from "../../../../test/support/servers/redis-cluster.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { redisStore } from "../redis.ts";

withServer("Redis", await findRedis(), ({ url }) => {
  const client = createClient({ url });
  beforeAll(() => client.connect());
  afterAll(() => client.close());

  const place = async () => {
    const prefix = `t-${randomBytes(6).toString("hex")}`;
    const drop = async () => {
      for await (const keys of client.scanIterator({ MATCH: `{${prefix}}:*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.del(keys);
      }
    };
    return { prefix, lose: drop, remove: drop };
  };

  storeSuite(
    {
      name: "Redis",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      create: async () => {
        const { prefix, ...rest } = await place();
        return { open: (options = {}) => redisStore({ url, prefix, ...options }), ...rest };
      },
    },
    { describe, it },
  );

  storeSuite(
    {
      name: "Redis by the application's client",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      create: async () => {
        const { prefix, ...rest } = await place();
        return { open: (options = {}) => redisStore({ client, prefix, ...options }), ...rest };
      },
    },
    { describe, it },
  );
});

await withCluster((cluster) => {
  storeSuite(
    {
      name: "a cluster of Redis",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      create: async () => {
        const prefix = `t-${randomBytes(6).toString("hex")}`;
        return {
          open: (options = {}) => redisStore({ client: cluster, prefix, ...options }),
          remove: async () => {},
        };
      },
    },
    { describe, it },
  );
});
