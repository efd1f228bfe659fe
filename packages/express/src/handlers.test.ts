import { MemoryStore } from "@halyard/server";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import express4 from "express4";
import supertest from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { byVariant, createFlags, type Flags, flags, requireFeature } from "./index.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((instance) => instance.close()));
});

function make(): Flags {
  const instance = createFlags({
    sources: [new MemoryStore({ flags: { on: true, off: false } })],
  });
  opened.push(instance);
  return instance;
}

const answerErrors: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(500).send(error.message);
};

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("%s", (_name, makeApp) => {
  it("hands what asynchronous handlers reject with to the error handler", async () => {
    const fail: RequestHandler = async () => {
      throw new Error("rejected");
    };
    const app = makeApp();
    app.use(flags(make()));
    app.get("/variant", byVariant("on", { on: fail }));
    app.get("/fallback", byVariant("on", { off: fail }, fail));
    app.get("/disabled", requireFeature("off", { onDisabled: fail }));
    app.use(answerErrors);
    for (const path of ["/variant", "/fallback", "/disabled"]) {
      const { status, text } = await supertest(app).get(path);
      expect([path, status, text]).toEqual([path, 500, "rejected"]);
    }
  });

  it("is mounted once where it is mounted twice: the first snapshot stays", async () => {
    const instance = make();
    const app = makeApp();
    app.use(flags(instance));
    app.use((request, _response, next) => {
      request.flags.enabled("on");
      instance.definitions.put("on", false).then(() => next(), next);
    });
    app.use(flags(instance));
    app.get("/", (request, response) => void response.json(request.flags.enabled("on")));
    expect((await supertest(app).get("/")).body).toBe(true);
    expect((await supertest(app).get("/")).body).toBe(false);
  });

  it("answers errors of promises that are not the language's own", async () => {
    const rejecting = (() => ({
      // biome-ignore lint/suspicious/noThenProperty: what query builders return
      then: (_resolve: unknown, reject: (error: Error) => void) => reject(new Error("query")),
    })) as unknown as RequestHandler;
    const app = makeApp();
    app.use(flags(make()));
    app.get("/variant", byVariant("on", { on: rejecting }));
    app.get("/disabled", requireFeature("off", { onDisabled: rejecting }));
    app.use(answerErrors);
    for (const path of ["/variant", "/disabled"]) {
      const { status, text } = await supertest(app).get(path);
      expect([path, status, text]).toEqual([path, 500, "query"]);
    }
  });

  it("lets nobody pass whose onDisabled leaves the route, and waits for late answers", async () => {
    const app = makeApp();
    app.use(flags(make()));
    const late: RequestHandler = (_request, response) => {
      setTimeout(() => response.status(402).send("late"), 20);
    };
    app.use("/late", requireFeature("off", { onDisabled: late }));
    for (const way of ["route", "router"] as const) {
      const onDisabled: RequestHandler = (_request, _response, next) => next(way as "route");
      app.use(`/${way}`, requireFeature("off", { onDisabled }));
    }
    app.use((_request, response) => void response.send("secret"));
    expect((await supertest(app).get("/late")).text).toBe("late");
    for (const path of ["/route", "/router"]) {
      expect((await supertest(app).get(path)).status).toBe(404);
    }
  });

  it("says so when it takes a property that something else has", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const app = makeApp();
    app.use((request, _response, next) => next(void Object.assign(request, { flags: ["theirs"] })));
    app.use(flags(make()));
    app.get("/", (request, response) => void response.json(request.flags.enabled("on")));
    expect((await supertest(app).get("/")).body).toBe(true);
    const codes = warn.mock.calls.map(([, options]) => (options as { code?: string }).code);
    warn.mockRestore();
    expect(codes.filter((code) => code?.startsWith("HALYARD_"))).toEqual([
      "HALYARD_PROPERTY_TAKEN",
    ]);
  });

  it("lists guards of routers and of use by patterns, with nothing of what clients write", async () => {
    const instance = make();
    const app = makeApp();
    const router = makeApp.Router();
    router.get(/^\/items\/\d+$/, requireFeature("on"), (_request, response) => void response.end());
    app.use(flags(instance));
    app.use("/admin", requireFeature({ none: ["off"] }), router);
    await supertest(app).get("/admin/items/1").expect(200);
    await supertest(app).get("/admin/items/2").expect(200);
    const listed = instance.guards().map(({ route, hits }) => [route, hits]);
    expect(listed).toEqual([
      ["…/*", 2],
      [`…${String(/^\/items\/\d+$/)}`, 2],
    ]);
    const tenants = makeApp.Router();
    tenants.get("/home", requireFeature("on"), (_request, response) => void response.end());
    app.use("/t/:tenant", tenants);
    for (const tenant of ["acme", "umbrella"]) {
      await supertest(app).get(`/t/${tenant}/home`).expect(200);
    }
    const home = instance.guards().filter(({ route }) => route.endsWith("/home"));
    expect(home.map(({ route, hits }) => [route, hits])).toEqual([["…/home", 2]]);
  });
});
