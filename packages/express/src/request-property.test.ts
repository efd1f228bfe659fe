import { IncomingMessage } from "node:http";
import express, { type Request, type RequestHandler, type Response } from "express";
import express4 from "express4";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createFlags,
  FlagClient,
  type Flags,
  type FlagsOptions,
  flags,
  requireFeature,
} from "./index.ts";

const MAKERS = { "Express 5": express, "Express 4": express4 as unknown as typeof express };

const show: RequestHandler = (asked, response) => {
  response.json({ on: asked.flags instanceof FlagClient && asked.flags.enabled("x") });
};

const instances: Flags[] = [];

/** An instance with one flag, closed after the test. */
function on(value = true, options: FlagsOptions = {}): Flags {
  const instance = createFlags({ sources: [{ flags: { x: value } }], ...options });
  instances.push(instance);
  return instance;
}

afterEach(() => Promise.all(instances.splice(0).map((instance) => instance.close())));

describe.each(Object.entries(MAKERS))("the property on requests of %s", (_name, make) => {
  it("is seen in an application that is mounted in the one with the middleware", async () => {
    const inner = make().get("/", requireFeature("x"), show);
    const app = make().use(flags(on())).use("/inner", inner);
    await request(app).get("/inner").expect(200, { on: true });
  });

  it("is seen outside of the mounted application whose middleware has put it there", async () => {
    const inner = make().use(flags(on()));
    const app = make().use(inner).get("/", requireFeature("x"), show);
    await request(app).get("/").expect(200, { on: true });
  });

  it("is seen in an application that is mounted in several with the middleware", async () => {
    const inner = make().get("/", requireFeature("x"), show);
    const apps = [1, 2].map(() => make().use(flags(on())).use(inner));
    for (const app of apps) await request(app).get("/").expect(200, { on: true });
  });

  it("is seen in an application that was used alone before it was mounted", async () => {
    const inner = make().use(flags(on()));
    await request(inner).get("/").expect(404);
    const app = make().use(inner).get("/", requireFeature("x"), show);
    await request(app).get("/").expect(200, { on: true });
  });

  it("stays where the application replaces `response.locals`", async () => {
    const app = make().use(flags(on()));
    app.use((_asked, response, next) => {
      response.locals = { title: "Shop" };
      next();
    });
    app.get("/", requireFeature("x"), show);
    await request(app).get("/").expect(200, { on: true });
  });

  it("leaves what an application has under the name on its own requests to others", async () => {
    const app = make();
    Object.defineProperty(app.request, "flags", { value: undefined, writable: true });
    await request(make().use(flags(on())).get("/", show))
      .get("/")
      .expect(200, { on: true });
    app.use(flags(on())).get("/", requireFeature("x"), show);
    await request(app).get("/").expect(200, { on: true });
  });

  it("is seen on what is made of a request", async () => {
    const app = make().use(flags(on()));
    app.get("/", (asked, response) => {
      const made = [Object.create(asked), new Proxy(asked, {})] as Request[];
      response.json(made.map((each) => each.flags?.enabled("x")));
    });
    await request(app).get("/").expect(200, [true, true]);
  });

  it("can be written on what is no whole request", async () => {
    const app = make().use(flags(on()));
    await request(app).get("/").expect(404);
    const made = Object.assign(Object.create(app.request), { flags: "mine" }) as Request;
    expect(made.flags).toBe("mine");
  });

  it("is nobody else's in an application without the middleware", async () => {
    await request(make().use(flags(on())).get("/", show))
      .get("/")
      .expect(200, { on: true });
    await request(make().get("/", show)).get("/").expect(200, { on: false });
  });

  it("keeps the clients of requests apart that overlap", async () => {
    const waiting: (() => void)[] = [];
    const app = make().use(flags(on(true, { headers: { who: "x-who" } })));
    app.get("/", (asked, response) => {
      waiting.push(() => response.json({ who: asked.flags.context.who }));
      if (waiting.length === 2) for (const answer of waiting) answer();
    });
    const answers = await Promise.all(
      ["a", "b"].map((who) => request(app).get("/").set("x-who", who)),
    );
    expect(answers.map(({ body }) => body.who)).toEqual(["a", "b"]);
  });

  it("is another instance's below the path where that is mounted", async () => {
    const app = make();
    app.use("/a", flags(on(true)), show);
    app.use("/b", flags(on(false)), show);
    await request(app).get("/a").expect({ on: true });
    await request(app).get("/b").expect({ on: false });
    await request(app).get("/a").expect({ on: true });
  });

  it("says at the first request and at later ones that something else was there", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const app = make();
    app.use((asked, _response, next) => {
      Object.assign(asked, { flags: { of: "somebody else" } });
      next();
    });
    app.use(flags(on()), show);
    await request(app).get("/").expect({ on: true });
    await request(app).get("/").expect({ on: true });
    const codes = warn.mock.calls.map(([, options]) => (options as { code?: string }).code);
    expect(codes).toEqual(["HALYARD_PROPERTY_TAKEN"]);
    warn.mockRestore();
  });

  it("lets whoever comes later put something else there", async () => {
    const app = make().use(flags(on()));
    app.get("/", (asked, response) => {
      Object.assign(asked, { flags: "mine" });
      response.json({ flags: asked.flags });
    });
    await request(app).get("/").expect({ flags: "mine" });
    await request(app).get("/").expect({ flags: "mine" });
  });
});

it("leaves the prototype of requests that are no application's as it is", () => {
  const before = Reflect.ownKeys(IncomingMessage.prototype);
  const made = Object.create(IncomingMessage.prototype) as Request;
  const next = vi.fn();
  flags(on())(made, {} as Response, next);
  expect(next).toHaveBeenCalledWith();
  expect(made.flags.enabled("x")).toBe(true);
  expect(Reflect.ownKeys(IncomingMessage.prototype)).toEqual(before);
});
