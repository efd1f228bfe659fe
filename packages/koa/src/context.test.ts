import { MemoryStore } from "@halyard/server";
import Koa from "koa";
import supertest from "supertest";
import { afterEach, expect, it } from "vitest";
import { createFlags, type Flags, flags, mount } from "./index.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((instance) => instance.close()));
});

function make(options: { readonly property?: string } = {}): Flags {
  const instance = createFlags({
    sources: [new MemoryStore({ flags: { on: true } })],
    ...options,
  });
  opened.push(instance);
  return instance;
}

it("puts the client on the context and its state, for views", async () => {
  for (const property of [undefined, "features"]) {
    const app = new Koa();
    app.use(flags(make({ ...(property === undefined ? {} : { property }) })));
    app.use((context) => {
      const name = property ?? "flags";
      context.body = {
        same: context.state[name] === context[name],
        on: context.state[name].enabled("on"),
      };
    });
    expect((await supertest(app.callback()).get("/")).body).toEqual({ same: true, on: true });
  }
});

it("is mounted once where it is mounted twice: the first snapshot stays", async () => {
  const instance = make();
  const app = new Koa();
  app.use(flags(instance));
  app.use(async (context, next) => {
    context.flags.enabled("on");
    await instance.definitions.put("on", false);
    await next();
  });
  app.use(flags(instance));
  app.use((context) => {
    context.body = String(context.flags.enabled("on"));
  });
  expect((await supertest(app.callback()).get("/")).text).toBe("true");
  expect((await supertest(app.callback()).get("/")).text).toBe("false");
});

it.each(["flags", "", undefined, { handle: () => {} }])("mounts nothing at %j", (path) => {
  const endpoint = { name: "none", handle: () => ({ status: 200, headers: {}, body: "" }) };
  expect(() => mount(path as string, endpoint)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS" }),
  );
});

it("mounts no thing but an endpoint", () => {
  expect(() => mount("/flags", undefined as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS" }),
  );
});
