import { redisStore } from "@halyard/stores/redis";
import { createClient } from "redis";
import { startRedis } from "../../support/servers/redis.ts";
import { withServer } from "../../support/servers/server.ts";
import { faultSuite } from "./suite.ts";

withServer("Redis", await startRedis(), (server) => {
  faultSuite({
    name: "Redis",
    server,
    open: (url, prefix) => redisStore({ url, prefix }),
    empty: async () => {
      const client = createClient({ url: server.url });
      await client.connect();
      await client.flushAll();
      await client.close();
    },
  });
});
