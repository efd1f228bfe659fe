import { MemorySource } from "@halyard/server";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import express4 from "express4";
import supertest from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { byVariant, createFlags, type Flags, flags, requireFeature } from "./index.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((instance) => instance.close()));
});

function make(): Flags {
  const instance = createFlags({
    sources: [new MemorySource({ flags: { on: true, off: false } })],
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

  it("lists guards of routers and of use, with where they are mounted", async () => {
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
      ["/admin/*", 2],
      [`/admin${String(/^\/items\/\d+$/)}`, 2],
    ]);
  });
});
