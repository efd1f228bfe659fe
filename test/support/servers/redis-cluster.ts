import type { RedisClient } from "@halyard/stores/redis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { startRedis } from "./redis.ts";
import { withServer } from "./server.ts";

/** Gives a server that was started with `--cluster-enabled yes` all slots: a cluster of one. */
async function formCluster(url: string): Promise<void> {
  const node = createClient({ url });
  await node.connect();
  await node.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
  await vi.waitFor(async () => {
    expect(await node.sendCommand(["CLUSTER", "INFO"])).toContain("cluster_state:ok");
  }, 10_000);
  await node.close();
}

/** Tests with a client of a cluster of their own: it ends with them, and what is in it. */
export async function withCluster(tests: (cluster: RedisClient) => void): Promise<void> {
  withServer("Redis as a cluster", await startRedis(["--cluster-enabled", "yes"]), ({ url }) => {
    const cluster = createCluster({ rootNodes: [{ url }] });
    beforeAll(async () => {
      await formCluster(url);
      await cluster.connect();
    });
    afterAll(() => cluster.close());
    tests(cluster);
  });
}
