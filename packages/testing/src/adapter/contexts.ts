import assert from "node:assert/strict";
import type { EvaluationContext } from "@halyard/server";
import { type Check, deferred } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler, Headers, RouteDescription } from "./harness.ts";
import { contextOf } from "./identity.ts";

/** Koa's context has the request's headers too. */
function userOf(request: unknown): EvaluationContext {
  const user = (request as { readonly headers: Headers }).headers["x-user"];
  return { userId: String(user), targetingKey: String(user), plan: "pro" };
}

const readAnn: Handler = ({ flags }) => ({
  json: { ann: flags.enabled("for-ann"), again: flags.details("for-ann").value },
});

const ROUTES: readonly RouteDescription[] = [
  { path: "/ann", handler: readAnn },
  {
    path: "/guarded",
    guards: [{ requirement: "for-ann" }, { requirement: { any: ["for-ann"] } }],
    handler: readAnn,
  },
  { path: "/who", handler: contextOf },
  {
    path: "/unsure",
    guards: [{ requirement: "for-ann", options: { onError: "error" } }],
    handler: readAnn,
  },
  {
    path: "/allowed",
    guards: [{ requirement: "for-ann", options: { onError: "allow" } }],
    handler: readAnn,
  },
  {
    path: "/ready",
    handler: async (call) => {
      await call.flags.ready();
      return readAnn(call);
    },
  },
];

const AS_ANN = { headers: { "x-user": "ann" } };
const SEEN = { ann: true, again: true };
const UNSEEN = { ann: false, again: false };

export function contextTests(check: Check): void {
  check("a synchronous context is asked once per request", async (bench) => {
    let calls = 0;
    const context = (request: unknown): EvaluationContext => {
      calls++;
      return userOf(request);
    };
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { context }),
      routes: ROUTES,
    });
    for (const path of ["/ann", "/guarded", "/ready"]) {
      calls = 0;
      assert.deepEqual(await server.json(path, AS_ANN), SEEN, path);
      assert.equal(calls, 1, path);
    }
  });

  check("a synchronous context is asked after authentication, if at all", async (bench) => {
    const asked: unknown[] = [];
    const context = (request: unknown): EvaluationContext => {
      const { user, state } = request as { user?: unknown; state?: { user?: unknown } };
      asked.push(user ?? state?.user);
      return {};
    };
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { context }),
      authentication: { at: "after", user: () => "the user" },
      routes: [...ROUTES, { path: "/nothing", handler: () => ({ json: {} }) }],
    });
    await server.json("/nothing");
    assert.deepEqual(asked, []);
    await server.json("/ann");
    assert.deepEqual(asked, ["the user"]);
  });

  check("a context adds to what is derived, and replaces it", async (bench) => {
    const context = () => ({
      plan: "pro",
      method: "BREW",
      email: null as never,
      userId: "cy",
      name: undefined,
      targetingKey: undefined,
    });
    const app = {
      authentication: {
        at: "after",
        user: () => ({ id: "ann", email: "a@b.example", name: "Ann" }),
      },
      routes: ROUTES,
    } as const;
    const both = await bench.start({ ...app, flags: bench.options(DEFINITIONS, { context }) });
    const { plan, method, email, name, targetingKey, userId } = await both.json("/who");
    assert.deepEqual(
      [plan, method, email, name, targetingKey, userId],
      ["pro", "BREW", undefined, "Ann", "cy", "cy"],
    );
    const options = bench.options(DEFINITIONS, { context, deriveContext: false });
    const alone = await bench.start({ ...app, flags: options });
    assert.deepEqual(await alone.json("/who"), { plan: "pro", method: "BREW", userId: "cy" });
  });

  check("deriveContext: false without a context knows nothing", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { deriveContext: false, anonymous: true }),
      routes: ROUTES,
    });
    const { body, cookies } = await server.send("/who");
    assert.deepEqual([body, cookies], [{}, []]);
  });

  check("an asynchronous context is awaited in the middleware, once", async (bench) => {
    const called = deferred();
    const answered = deferred();
    let calls = 0;
    const context = async (request: unknown): Promise<EvaluationContext> => {
      calls++;
      called.resolve();
      await answered.promise;
      return userOf(request);
    };
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { context }),
      routes: ROUTES,
    });
    const first = server.json("/ann", AS_ANN);
    await called.promise;
    answered.resolve();
    assert.deepEqual(await first, SEEN);
    for (const path of ["/guarded", "/ready"]) {
      calls = 0;
      assert.deepEqual(await server.json(path, AS_ANN), SEEN, path);
      assert.equal(calls, 1, path);
    }
    assert.deepEqual(bench.codes(), []);
  });

  check("a guard loads again when the user became known since", async (bench) => {
    const asked: unknown[] = [];
    const context = async (request: unknown): Promise<EvaluationContext> => {
      const { user, state } = request as {
        user?: { id: string };
        state?: { user?: { id: string } };
      };
      const id = (user ?? state?.user)?.id;
      asked.push(id);
      return id === undefined ? {} : { userId: id, targetingKey: id };
    };
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { context }),
      authentication: { at: "after", user: () => ({ id: "ann" }) },
      routes: ROUTES,
    });
    assert.deepEqual(await server.json("/guarded"), SEEN);
    assert.equal(asked.at(-1), "ann");
    assert.ok(asked.length <= 2, `asked for ${asked}`);
  });

  for (const [kind, context] of Object.entries({
    synchronous: () => {
      throw new Error("no tenant\r\nerror: forged");
    },
    asynchronous: async () => {
      throw new Error("no tenant\r\nerror: forged");
    },
  })) {
    check(`a ${kind} context that throws is logged and adds nothing`, async (bench) => {
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { context }),
        authentication: { at: "before", user: () => ({ id: "ann" }) },
        routes: ROUTES,
      });
      // Reads are as if there were no `context`; guards don't guess.
      assert.deepEqual(await server.json("/ann"), SEEN);
      assert.equal((await server.send("/guarded")).status, 404);
      assert.equal((await server.send("/unsure")).status, 503);
      assert.deepEqual(await server.json("/allowed"), SEEN);
      const said = (level: string): string[] =>
        bench.logs.filter((line) => line.startsWith(`${level}: CONTEXT_FAILED`));
      // What callers can cause and write comes once, without their text; that is for debugging.
      assert.equal(said("warn").length, 1);
      assert.doesNotMatch(String(said("warn")), /no tenant/);
      assert.equal(said("debug").length, 4);
      assert.match(String(said("debug")[0]), /no tenant {2}error: forged$/);
    });
  }

  check("a context may be an instance of a class", async (bench) => {
    class Claims {
      readonly userId = "ann";
      readonly targetingKey = "ann";
    }
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { context: () => new Claims() as never }),
      routes: ROUTES,
    });
    assert.deepEqual(await server.json("/ann"), SEEN);
  });

  for (const value of [null, "ann", 7, ["ann"], new Date(0)]) {
    check(`a context that returns ${JSON.stringify(value)} adds nothing`, async (bench) => {
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { context: () => value as never }),
        authentication: { at: "after", user: () => ({ id: "ann" }) },
        routes: ROUTES,
      });
      assert.deepEqual(await server.json("/ann"), SEEN);
    });
  }

  check(
    "a promise of a function that is not async: warned of, awaited next time",
    async (bench) => {
      const context = (request: unknown) => Promise.resolve(userOf(request));
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { context }),
        routes: ROUTES,
      });
      assert.deepEqual(await server.json("/ann", AS_ANN), UNSEEN);
      assert.deepEqual(bench.codes(), ["HALYARD_CONTEXT_IS_ASYNC"]);
      assert.deepEqual(await server.json("/ann", AS_ANN), SEEN);
      assert.deepEqual(bench.codes(), ["HALYARD_CONTEXT_IS_ASYNC"]);
    },
  );
}
