import { randomBytes } from "node:crypto";
import { assignmentSuite } from "@halyard/testing/assignments";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findRedis } from "../../../../test/support/servers/redis.ts";
import { withCluster } from "../../../../test/support/servers/redis-cluster.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { redisAssignments } from "../redis.ts";

const prefixOf = () => `t-${randomBytes(6).toString("hex")}`;

withServer("Redis", await findRedis(), ({ url }) => {
  const client = createClient({ url });
  beforeAll(() => client.connect());
  afterAll(() => client.close());

  const remove = (prefix: string) => async () => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}:*`, COUNT: 1000 })) {
      if (keys.length > 0) await client.del(keys);
    }
  };

  for (const [name, where] of [
    ["Redis", { url }],
    ["Redis by the application's client", { client }],
  ] as const) {
    assignmentSuite(
      {
        name,
        create: async () => {
          const prefix = prefixOf();
          return {
            open: () => redisAssignments({ ...where, prefix }),
            remove: remove(prefix),
          };
        },
      },
      { describe, it },
    );
  }

  it("keeps a unit for as long after it was last seen as it is told to", async () => {
    const prefix = prefixOf();
    const store = redisAssignments({ client, prefix, ttl: 60_000 });
    const key = `${prefix}:assignments:ann`;
    await store.assign([{ unit: "ann", experiment: "e:e", variant: "a" }]);
    expect(await client.pTTL(key)).toBeGreaterThan(50_000);
    await client.pExpire(key, 1000);
    await store.load(["ann", "nobody"]);
    expect(await client.pTTL(key)).toBeGreaterThan(50_000);
    expect(await client.exists(`${prefix}:assignments:nobody`)).toBe(0);
    await remove(prefix)();
  });

  it("does not close the application's client, and refuses what comes later", async () => {
    const store = redisAssignments({ client, prefix: prefixOf() });
    await store.close?.();
    await expect(store.load(["ann"])).rejects.toMatchObject({ code: "CLOSED" });
    await expect(store.assign([])).rejects.toMatchObject({ code: "CLOSED" });
    expect(await client.ping()).toBe("PONG");
  });

  it("says what is wrong with what is there", async () => {
    const prefix = prefixOf();
    await client.set(`${prefix}:assignments:ann`, "something else");
    const store = redisAssignments({ client, prefix });
    await expect(store.load(["ann"])).rejects.toMatchObject({ code: "STORE_READ_FAILED" });
    await expect(
      store.assign([{ unit: "ann", experiment: "e:e", variant: "a" }]),
    ).rejects.toMatchObject({ code: "STORE_WRITE_FAILED" });
    await remove(prefix)();
  });
});

await withCluster((cluster) => {
  assignmentSuite(
    {
      name: "a cluster of Redis",
      create: async () => {
        const prefix = prefixOf();
        return {
          open: () => redisAssignments({ client: cluster, prefix }),
          remove: async () => {},
        };
      },
    },
    { describe, it },
  );
});

it("a server that is not there is said to be, without its password", async () => {
  const store = redisAssignments({ url: "redis://me:s3cret@127.0.0.1:1" });
  const failed = await store.load(["ann"]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "STORE_READ_FAILED" });
  expect(String((failed as Error).message)).toMatch(/^The store redis can't be read.*Check that/);
  expect(String((failed as Error).stack)).not.toContain("s3cret");
  await store.close?.();
});

it.each([
  [{}, /redisAssignments: give it a `url` or a `client`/],
  [{ url: "http://x" }, /redisAssignments: `url` is no URL of such a server/],
  [{ url: "redis://x", prefix: "{x}" }, /redisAssignments: `prefix` must be/],
  [{ url: "redis://x", ttl: 999 }, /`ttl` must be 1000 to \d+ milliseconds, not 999/],
  [{ url: "redis://x", tll: 1 }, /there is no option `tll`/],
])("refuses %j", (options, message) => {
  expect(() => redisAssignments(options)).toThrow(message);
});
