// A process may have both formats: an application's modules and a library of another format.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import * as express from "@halyard/express";
import * as fastify from "@halyard/fastify";
import * as koa from "@halyard/koa";
import createExpress from "express";
import createFastify from "fastify";
import Koa from "koa";

const require = createRequire(import.meta.url);
const formats = {
  esm: { express, koa, fastify },
  cjs: {
    express: require("@halyard/express"),
    koa: require("@halyard/koa"),
    fastify: require("@halyard/fastify"),
  },
};

const servers = {
  async express({ flags, instance, guard, currentFlags, endpoint }, use) {
    const app = createExpress();
    app.use(flags(instance));
    app.use("/health", endpoint.mount(endpoint.healthEndpoint(instance)));
    app.get("/beta", guard("beta"), (req, res) => {
      res.json([req.flags.enabled("beta"), currentFlags() === req.flags]);
    });
    app.get("/off", guard("off"), (_req, res) => res.json("not reached"));
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    await use(`http://127.0.0.1:${server.address().port}`);
    server.closeAllConnections();
    server.close();
  },
  async koa({ flags, instance, guard, currentFlags, endpoint }, use) {
    const app = new Koa();
    app.use(flags(instance));
    app.use(endpoint.mount("/health", endpoint.healthEndpoint(instance)));
    const on = guard("beta");
    const off = guard("off");
    app.use((ctx, next) => (ctx.path === "/off" ? off(ctx, next) : on(ctx, next)));
    app.use((ctx) => {
      ctx.body = [ctx.flags.enabled("beta"), currentFlags() === ctx.flags];
    });
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    await use(`http://127.0.0.1:${server.address().port}`);
    server.closeAllConnections();
    server.close();
  },
  async fastify({ flags, instance, guard, currentFlags, endpoint }, use) {
    const app = createFastify({ forceCloseConnections: true });
    app.register(flags, instance);
    app.register(endpoint.mount(endpoint.healthEndpoint(instance)), { prefix: "/health" });
    app.get("/beta", { preHandler: guard("beta") }, async (request) => [
      request.flags.enabled("beta"),
      currentFlags() === request.flags,
    ]);
    app.get("/off", { preHandler: guard("off") }, async () => "not reached");
    await use(await app.listen({ port: 0, host: "127.0.0.1" }));
    await app.close();
  },
};

for (const [name, serve] of Object.entries(servers)) {
  for (const [one, other] of [
    ["esm", "cjs"],
    ["cjs", "esm"],
  ]) {
    describe(`${name}: an instance of ${one}, the adapter of ${other}`, () => {
      const a = formats[one][name];
      const b = formats[other][name];

      it("are two copies", () => {
        assert.notEqual(a.createFlags, b.createFlags);
      });

      it("work together", async () => {
        const instance = a.createFlags({
          sources: [a.defineFlags({ beta: true, off: false })],
          asyncLocalStorage: true,
        });
        const parts = {
          instance,
          flags: b.flags,
          guard: a.requireFeature,
          currentFlags: a.currentFlags,
          endpoint: b,
        };
        await serve(parts, async (origin) => {
          const beta = await fetch(`${origin}/beta`);
          assert.deepEqual([beta.status, await beta.json()], [200, [true, true]]);
          assert.equal((await fetch(`${origin}/off`)).status, 404);
          assert.equal((await fetch(`${origin}/health`)).status, 200);
        });
        assert.deepEqual(
          new Set(instance.guards().map(({ flags }) => flags.join())),
          new Set(["beta", "off"]),
        );
        await instance.close();
      });
    });
  }
}
