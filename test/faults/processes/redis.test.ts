import { createClient, RESP_TYPES } from "redis";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { startRedis } from "../../support/servers/redis.ts";
import { withServer } from "../../support/servers/server.ts";
import { Fleet } from "./fleet.ts";
import { NETWORK_PROCESSES, networkCases } from "./network-cases.ts";
import { sharedCases } from "./shared-cases.ts";
import { startCases } from "./start-cases.ts";

withServer("Redis", await startRedis(), (server) => {
  describe("processes on Redis, when something breaks", { timeout: 60_000 }, () => {
    const admin = createClient({ url: server.url }).on("error", () => {});
    const bytes = admin.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    let fleet: Fleet;

    beforeAll(async () => {
      await admin.connect();
      fleet = await Fleet.start(server.url, NETWORK_PROCESSES);
    }, 60_000);
    afterEach(() => fleet.mend());
    afterAll(async () => {
      await fleet.end();
      admin.destroy();
    }, 60_000);

    sharedCases(() => fleet, server.url);
    startCases(() => fleet, server.url);
    networkCases(() => fleet, {
      server,
      listens: /subscribe/i,
      hangUp: async () => {
        await admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      },
      empty: async () => {
        const keys = await admin.keys("*");
        const dumped = await Promise.all(
          keys.map(async (key) => [key, (await bytes.dump(key)) as unknown as Buffer] as const),
        );
        await admin.flushAll();
        return async () => {
          const restoring = admin.multi();
          for (const [key, dump] of dumped) restoring.restore(key, 0, dump, { REPLACE: true });
          await restoring.exec();
        };
      },
    });
  });
});
