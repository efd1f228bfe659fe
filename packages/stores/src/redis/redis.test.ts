import { randomBytes } from "node:crypto";
import { storeSuite } from "@halyard/testing/store";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, it } from "vitest";
import { findRedis, startRedis } from "../../../../test/support/servers/redis.ts";
import { formCluster } from "../../../../test/support/servers/redis-cluster.ts";
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

withServer("Redis as a cluster", await startRedis(["--cluster-enabled", "yes"]), ({ url }) => {
  const cluster = createCluster({ rootNodes: [{ url }] });

  beforeAll(async () => {
    await formCluster(url);
    await cluster.connect();
  });
  afterAll(() => cluster.close());

  storeSuite(
    {
      name: "a cluster of Redis",
      shared: true,
      manyWriters: true,
      audit: { limit: 1000, of: "entries" },
      // The server ends with these tests, and what is in it.
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
