import Fastify, {
  type FastifyInstance,
  type preHandlerAsyncHookHandler,
  type preHandlerHookHandler,
} from "fastify";
import { afterEach, expect, it, vi } from "vitest";
import {
  byVariant,
  createFlags,
  currentFlags,
  defineFlags,
  flags,
  MemoryStore,
  requireFeature,
} from "./index.ts";

const sources = [defineFlags({ on: true, off: false, third: false })];

const apps: FastifyInstance[] = [];

function make(): FastifyInstance {
  const app = Fastify();
  apps.push(app);
  return app;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

it("closes the instance that it made with the server, and no other", async () => {
  const given = createFlags({ sources });
  const closeGiven = vi.spyOn(given, "close");
  const app = make();
  app.register(flags, { sources, property: "own" });
  app.register(flags, given);
  await app.ready();
  const closeOwn = vi.spyOn(app.getDecorator<typeof given>("own"), "close");
  await app.close();
  expect(closeOwn).toHaveBeenCalledOnce();
  expect(closeGiven).not.toHaveBeenCalled();
  await given.close();
});

it("loads what a store knows of the caller before the handler", async () => {
  const given = createFlags({ sources, store: new MemoryStore() });
  await given.ready();
  const actor = { id: "ops", type: "user" };
  await given.overrides.set("off", { kind: "user", id: "ann" }, true, { actor });
  const app = make();
  app.decorateRequest("user", null);
  app.addHook("onRequest", (request, _reply, done) => {
    (request as { user?: unknown }).user = { id: "ann" };
    done();
  });
  await app.register(flags, given);
  app.get("/", async (request) => ({ off: request.flags.enabled("off" as never) }));
  expect((await app.inject("/")).json()).toEqual({ off: true });
  await given.close();
});

it("gives the instance to the application and its plugins", async () => {
  const given = createFlags({ sources });
  const app = make();
  app.register(flags, given);
  let inside: unknown;
  app.register(async (scope) => {
    inside = scope.flags;
  });
  await app.ready();
  expect(app.flags).toBe(given);
  expect(inside).toBe(given);
});

it("takes options beside Fastify's own, which are none of ours", async () => {
  const app = make();
  app.register(flags, { sources, prefix: "/v1", logLevel: "warn" } as never);
  await app.ready();
  expect(app.flags.definitions.get("on")?.key).toBe("on");
});

it("stays inside the plugin that registers it", async () => {
  const app = make();
  app.register(async (scope) => {
    await scope.register(flags, { sources });
    scope.get("/inside", async (request) => ({ on: request.flags.enabled("on") }));
  });
  app.get("/outside", async (request) => ({ flags: "flags" in request }));
  expect((await app.inject("/inside")).json()).toEqual({ on: true });
  expect((await app.inject("/outside")).json()).toEqual({ flags: false });
});

it("is there once when it is registered twice, and refuses another instance", async () => {
  const given = createFlags({ sources });
  const app = make();
  app.register(flags, given);
  app.register(async (scope) => {
    await scope.register(flags, given);
    scope.get("/", async (request) => ({ on: request.flags.enabled("on") }));
  });
  expect((await app.inject("/")).json()).toEqual({ on: true });
  const other = make();
  other.register(flags, given);
  other.register(flags, { sources });
  await expect(other.ready()).rejects.toMatchObject({ code: "MISUSE" });
});

it("guards a route by its config, with the options of requireFeature, beside its own hooks", async () => {
  const app = make();
  const ran: string[] = [];
  const own: preHandlerHookHandler = (_request, _reply, done) => {
    ran.push("own");
    done();
  };
  app.register(flags, { sources });
  app.register(async (scope) => {
    scope.get("/on", { config: { flags: { require: "on" } }, preHandler: own }, async () => "yes");
    scope.get(
      "/off",
      { config: { flags: { require: { any: ["off", "third"] }, status: 403 } }, preHandler: [own] },
      async () => "yes",
    );
  });
  expect((await app.inject("/on")).body).toBe("yes");
  expect((await app.inject("/off")).statusCode).toBe(403);
  expect((await app.inject({ method: "HEAD", url: "/off" })).statusCode).toBe(403);
  expect(ran).toEqual(["own", "own", "own"]);
  expect(app.flags.guards().map(({ lastSeen: _, ...route }) => route)).toEqual([
    { flags: ["on"], kind: "require", method: "GET", route: "/on", hits: 1 },
    { flags: ["off", "third"], kind: "require", method: "GET", route: "/off", hits: 1 },
    { flags: ["off", "third"], kind: "require", method: "HEAD", route: "/off", hits: 1 },
  ]);
});

it("refuses a config that can't be a guard when the route is declared", async () => {
  const app = make();
  app.register(flags, { sources });
  app.register(async (scope) => {
    scope.get("/", { config: { flags: { require: {} as never } } }, async () => "yes");
  });
  await expect(app.ready()).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
});

it("lists guards and choices, of every method, when they are declared", async () => {
  const app = make();
  app.register(flags, { sources });
  app.register(
    async (scope) => {
      const preHandler = [requireFeature("on"), requireFeature({ none: ["off"] })];
      scope.route({ method: ["PUT", "POST"], url: "/:id", preHandler, handler: async () => "" });
      scope.get("/page", byVariant("third", { off: async () => "off" }));
    },
    { prefix: "/v1" },
  );
  await app.ready();
  const listed = app.flags
    .guards()
    .map(({ flags: keys, method, route }) => [...keys, method, route]);
  expect(listed).toEqual([
    ["on", "PUT", "/v1/:id"],
    ["on", "POST", "/v1/:id"],
    ["off", "PUT", "/v1/:id"],
    ["off", "POST", "/v1/:id"],
    ["third", "GET", "/v1/page"],
  ]);
});

const ANSWERING: Readonly<Record<string, preHandlerHookHandler>> = {
  "a callback hook that sends": (_request, reply, _done) => {
    reply.code(402).send({ by: "hook" });
  },
  "a function that returns the reply": ((_request: unknown, reply: { code: unknown }) =>
    (reply as never as { code(status: number): { send(body: unknown): unknown } })
      .code(402)
      .send({ by: "hook" })) as never,
  "an async hook that returns the reply": (async (_request: unknown, reply: never) =>
    (reply as { code(status: number): { send(body: unknown): unknown } })
      .code(402)
      .send({ by: "hook" })) as never,
};

for (const [name, onDisabled] of Object.entries(ANSWERING)) {
  it.each([false, true])(
    `lets ${name} answer for a disabled feature (slow onSend: %s)`,
    async (slow) => {
      const app = make();
      app.register(flags, { sources });
      if (slow) {
        app.addHook("onSend", async (_request, _reply, payload) => {
          await new Promise(setImmediate);
          return payload;
        });
      }
      app.register(async (scope) => {
        const preHandler = requireFeature("off", { onDisabled });
        scope.get("/", { preHandler }, async () => ({ by: "handler" }));
      });
      const { statusCode, body } = await app.inject("/");
      expect([statusCode, body]).toEqual([402, '{"by":"hook"}']);
    },
  );
}

it("lets nobody pass whose onDisabled gives no answer, and sends what it returns", async () => {
  const app = make();
  app.register(flags, { sources });
  app.register(async (scope) => {
    const callback: preHandlerHookHandler = (_request, _reply, done) => done();
    const promise = (async () => {}) as unknown as preHandlerHookHandler;
    const failing: preHandlerHookHandler = (_request, _reply, done) => done(new Error("no"));
    const returning = (async () => ({ upgrade: true })) as unknown as preHandlerHookHandler;
    const plain = (() => ({ upgrade: true })) as unknown as preHandlerHookHandler;
    const sending: preHandlerHookHandler = (_request, reply) => void reply.send({ upgrade: true });
    const unreturned = (async (_request, reply) => {
      reply.send({ upgrade: true });
    }) as preHandlerAsyncHookHandler as unknown as preHandlerHookHandler;
    // What `reply.sent` does not know before it has run.
    scope.addHook("onSend", async (_request, _reply, payload) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return payload;
    });
    const all = { callback, promise, failing, returning, plain, sending, unreturned };
    for (const [url, onDisabled] of Object.entries(all)) {
      const preHandler = requireFeature("off", { onDisabled });
      scope.get(`/${url}`, { preHandler }, async () => "passed");
    }
  });
  for (const url of ["/callback", "/promise"]) {
    expect((await app.inject(url)).statusCode).toBe(404);
  }
  for (const url of ["/returning", "/plain", "/sending", "/unreturned"]) {
    const { statusCode, body } = await app.inject(url);
    expect([url, statusCode, body]).toEqual([url, 200, '{"upgrade":true}']);
  }
  expect((await app.inject("/failing")).statusCode).toBe(500);
});

it("finds the current flags again behind a hook that lost them", async () => {
  const queue: (() => void)[] = [];
  const timer = setInterval(() => queue.shift()?.(), 1);
  const app = make();
  app.register(flags, { sources, asyncLocalStorage: true });
  // Called back by somebody who knows nothing of this request.
  app.addHook("preParsing", (_request, _reply, payload, done) => {
    queue.push(() => done(null, payload));
  });
  app.register(async (scope) => {
    scope.post("/", async (request) => ({ same: currentFlags() === request.flags }));
  });
  const { body } = await app.inject({ method: "POST", url: "/", payload: { some: "body" } });
  clearInterval(timer);
  expect(body).toBe('{"same":true}');
});

it("lets nobody through a guard that was declared before the plugin was loaded", async () => {
  const app = make();
  app.register(flags, { sources });
  app.get("/early", { config: { flags: { require: "off" } } }, async () => "secret");
  app.get("/plain", async () => "plain");
  app.register(async (scope) => {
    scope.get("/late", { config: { flags: { require: "on" } } }, async () => "late");
  });
  const early = await app.inject("/early");
  expect(early.statusCode).toBe(500);
  expect(early.json().message).toContain("GET /early was declared before the flags plugin");
  expect((await app.inject("/plain")).body).toBe("plain");
  expect((await app.inject("/late")).body).toBe("late");
});

it("guards routes that share one configuration, each once", async () => {
  const app = make();
  await app.register(flags, { sources });
  const config = { flags: { require: "on" as const } };
  app.get("/a", { config }, async () => "a");
  app.get("/b", { config }, async () => "b");
  expect((await app.inject("/a")).body).toBe("a");
  expect((await app.inject("/b")).body).toBe("b");
  expect(app.flags.guards().map(({ route, hits }) => [route, hits])).toEqual([
    ["/a", 1],
    ["/b", 1],
  ]);
});

it.each([
  ["by a hook before the plugin's", true, { off: false }, "public, max-age=60"],
  ["by the handler", false, { off: true }, "private, no-store"],
])("heeds no override in an answer that caches may keep: read first %s", async (...each) => {
  const [, isEarly, body, control] = each;
  const app = make();
  app.addHook("onRequest", async (request) => {
    if (isEarly) void request.flags.enabled("off" as never);
  });
  await app.register(flags, { sources, environment: "staging", urlOverrides: {} });
  app.get("/", async (request, reply) => {
    reply.header("cache-control", "public, max-age=60");
    return { off: request.flags.enabled("off" as never) };
  });
  const answer = await app.inject("/?ff_off=on");
  expect([answer.json(), answer.headers["cache-control"]]).toEqual([body, control]);
});
