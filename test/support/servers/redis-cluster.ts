import { createClient } from "redis";
import { expect, vi } from "vitest";

/** Gives a server that was started with `--cluster-enabled yes` all slots: a cluster of one. */
export async function formCluster(url: string): Promise<void> {
  const node = createClient({ url });
  await node.connect();
  await node.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
  await vi.waitFor(async () => {
    expect(await node.sendCommand(["CLUSTER", "INFO"])).toContain("cluster_state:ok");
  }, 10_000);
  await node.close();
}
