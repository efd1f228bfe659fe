import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createFlags, type Flags, flags, healthEndpoint, mount } from "@halyard/express";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { proxyTo, type TestProxy } from "../../support/servers/proxy.ts";
import type { FaultyStore } from "./faulty-store.ts";

// What health says over HTTP while a real server of a store can't be had, is emptied, and comes back.

const actor = { id: "ann", type: "person" };

interface Walk {
  readonly f: Flags;
  readonly get: (path: string) => Promise<{ status: number; body: Record<string, unknown> }>;
}

export function healthSuite({ name, server, open, empty }: FaultyStore): void {
  describe(`health over ${name}`, { timeout: 40_000 }, () => {
    const endings: (() => unknown)[] = [];
    let proxy: TestProxy;
    let place: string;

    afterEach(async () => {
      for (const end of endings.splice(0).reverse()) await end();
      await empty(place);
    });

    /** An application whose store is behind a connection that can be cut. */
    async function start(isCut: boolean): Promise<Walk> {
      proxy = await proxyTo(server.url);
      place = `health_${Math.random().toString(36).slice(2)}`;
      if (isCut) proxy.cut();
      const f = createFlags({
        store: open(proxy.url, place, 100),
        startTimeout: isCut ? 50 : 15_000,
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      });
      const app = express();
      app.use("/health", mount(healthEndpoint(f)));
      app.use((req, _res, next) => next(void Object.assign(req, { user: { id: req.query.user } })));
      app.use(flags(f));
      app.get("/", (req, res) => void res.json({ beta: req.flags.enabled("beta" as never) }));
      const listening = createServer(app);
      await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
      const { port } = listening.address() as AddressInfo;
      endings.push(
        () => proxy.close(),
        () => f.close(),
        () => listening.close(),
        () => listening.closeAllConnections(),
      );
      const get: Walk["get"] = async (path) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      };
      return { f, get };
    }

    /** Status and its code, then the codes of `/live` and `/ready`, and the code of what is wrong. */
    async function become({ get }: Walk, state: readonly unknown[]): Promise<void> {
      const actual = async (): Promise<unknown[]> => {
        const { status, body } = await get("/health");
        const { last_error } = body.provider as Record<string, unknown>;
        const codes = [(await get("/health/live")).status, (await get("/health/ready")).status];
        return [body.status, status, ...codes, last_error];
      };
      await expect.poll(actual, { interval: 20, timeout: 15_000 }).toEqual(state);
    }

    const HEALTHY = ["healthy", 200, 200, 200, undefined];
    const DEGRADED = ["degraded", 200, 200, 200, "STORE_READ_FAILED"];

    it("is unhealthy while the server can't be had at the start, and well when it can", async () => {
      const walk = await start(true);
      await become(walk, ["unhealthy", 503, 200, 503, "STORE_READ_FAILED"]);
      expect(await walk.get("/")).toEqual({ status: 200, body: { beta: false } });
      proxy.mend();
      await become(walk, HEALTHY);
    });

    it("is degraded while the connection is cut, serves what was there, and becomes well", async () => {
      const walk = await start(false);
      await walk.f.ready();
      await walk.f.definitions.put("beta", true, { actor });
      await become(walk, HEALTHY);
      proxy.cut();
      await become(walk, DEGRADED);
      expect(await walk.get("/?user=ann")).toEqual({ status: 200, body: { beta: true } });
      proxy.mend();
      await become(walk, HEALTHY);
      expect(await walk.get("/?user=ann")).toEqual({ status: 200, body: { beta: true } });
    });

    it("is degraded when everything in the store is gone, and serves what was there", async () => {
      const walk = await start(false);
      await walk.f.ready();
      await walk.f.definitions.put("beta", true, { actor });
      await become(walk, HEALTHY);
      await empty(place);
      await expect
        .poll(async () => (await walk.get("/health")).body.status, {
          interval: 20,
          timeout: 15_000,
        })
        .toBe("degraded");
      expect(await walk.get("/")).toEqual({ status: 200, body: { beta: true } });
    });
  });
}
