import assert from "node:assert/strict";
import { type FlagsOptions, MemoryStore } from "@halyard/server";
import type { Bench, Check, Received, Server } from "./bench.ts";
import type { AppDescription, Handler, RouteDescription } from "./harness.ts";
import { listOf, SharedCache } from "./shared-cache.ts";

const DEFINITIONS: Readonly<Record<string, unknown>> = {
  plain: true,
  off: { type: "boolean", enabled: false, rules: [{ id: "x", when: { segment: "dutch" } }] },
  dutch: { type: "boolean", rules: [{ id: "nl", when: { segment: "dutch" } }] },
  "needs-dutch": {
    type: "boolean",
    default: true,
    prerequisites: [{ flag: "dutch", variant: "on" }],
  },
  curl: {
    type: "boolean",
    rules: [{ id: "ua", when: { attribute: "userAgent", op: "startsWith", values: ["curl/"] } }],
  },
  half: { percentage: 50 },
  "half-of-countries": {
    type: "boolean",
    rules: [{ id: "c", rollout: { by: "country", weights: { on: 50, off: 50 } } }],
  },
  "half-fixed": { percentage: 50, overridable: false },
  "dutch-fixed": {
    type: "boolean",
    overridable: false,
    rules: [{ id: "nl", when: { segment: "dutch" } }],
  },
  here: {
    type: "boolean",
    rules: [{ id: "p", when: { attribute: "path", op: "contains", values: ["here"] } }],
  },
  shop: {
    type: "boolean",
    rules: [{ id: "h", when: { attribute: "host", op: "eq", values: ["shop.example"] } }],
  },
  "pro-plan": {
    type: "boolean",
    rules: [{ id: "pro", when: { attribute: "plan", op: "eq", values: ["pro"] } }],
  },
  layout: {
    variants: { wide: "w", narrow: "n" },
    default: "w",
    rules: [{ id: "nl", when: { segment: "dutch" }, serve: "narrow" }],
  },
};

const SEGMENTS = {
  dutch: { any: [{ attribute: "country", op: "eq", values: ["NL"] }] },
};

const HEADERS = { country: "cf-ipcountry" };

const read: (key: string) => Handler =
  (key) =>
  ({ flags }) => ({
    json: { value: flags.value(key as never) ?? null },
  });

const ROUTES: readonly RouteDescription[] = [
  ...Object.keys(DEFINITIONS).map((key) => ({ path: `/read/${key}`, handler: read(key) })),
  { path: "/unknown", handler: read("no-such-flag") },
  { path: "/nothing", handler: () => ({ json: {} }) },
  { path: "/all", handler: ({ flags }) => ({ json: { ...flags.all() } }) },
  { path: "/explain", handler: ({ flags }) => ({ json: flags.explain("dutch" as never) }) },
  {
    path: "/two",
    handler: ({ flags }) => ({
      json: { dutch: flags.enabled("dutch" as never), curl: flags.enabled("curl" as never) },
    }),
  },
  {
    path: "/own-headers",
    handler: ({ flags }) => ({
      json: { dutch: flags.enabled("dutch" as never), half: flags.enabled("half" as never) },
      headers: {
        vary: "Accept-Language, CF-IPCountry",
        "cache-control": "public, max-age=60, s-maxage=600",
        "surrogate-control": "max-age=600",
      },
    }),
  },
  {
    path: "/guarded",
    guards: [{ requirement: "dutch" as never }],
    handler: () => ({ json: { in: true } }),
  },
  {
    path: "/redirected",
    guards: [{ requirement: "dutch" as never, options: { redirect: "/read/plain" } }],
    handler: () => ({ json: { in: true } }),
  },
  {
    path: "/chosen",
    choice: {
      key: "layout" as never,
      handlers: {
        wide: () => ({ json: { layout: "wide" } }),
        narrow: () => ({ json: { layout: "narrow" } }),
      },
    },
  },
  {
    path: "/fails",
    handler: ({ flags }) => {
      flags.enabled("dutch" as never);
      throw Object.assign(new Error("gone"), { status: 410, statusCode: 410 });
    },
  },
];

async function start(
  bench: Bench,
  options: FlagsOptions = {},
  app: AppDescription = {},
): Promise<Server> {
  return bench.start({
    flags: bench.options(DEFINITIONS, {
      sources: [{ flags: DEFINITIONS, segments: SEGMENTS }],
      headers: HEADERS,
      vary: true,
      ...options,
    }),
    authentication: { at: "after", user: ({ "x-user": id }) => (id ? { id } : undefined) },
    routes: ROUTES,
    ...app,
  });
}

/** What caches are told, beside what answers say anyway. */
function told({ headers }: Received): { vary: readonly string[]; isPrivate: boolean } {
  const ignored = ["accept-encoding"];
  const control = listOf(headers, "cache-control");
  return {
    vary: listOf(headers, "vary").filter((name) => !ignored.includes(name)),
    isPrivate: control.includes("private") || control.includes("no-store"),
  };
}

const COUNTRY = { vary: ["cf-ipcountry"], isPrivate: false };
const NOBODY_ELSE = { vary: [], isPrivate: true };
const NOTHING = { vary: [], isPrivate: false };

/** What answers to a path say, whoever asks. */
const CASES: readonly (readonly [path: string, told: ReturnType<typeof told>])[] = [
  ["/nothing", NOTHING],
  ["/read/plain", NOTHING],
  ["/read/off", NOTHING],
  ["/unknown", NOTHING],
  ["/read/here", NOTHING],
  ["/read/dutch", COUNTRY],
  ["/read/needs-dutch", COUNTRY],
  ["/read/half-of-countries", COUNTRY],
  ["/chosen", COUNTRY],
  ["/explain", COUNTRY],
  ["/fails", COUNTRY],
  ["/read/curl", { vary: ["user-agent"], isPrivate: false }],
  ["/read/shop", { vary: ["x-forwarded-host"], isPrivate: false }],
  ["/two", { vary: ["cf-ipcountry", "user-agent"], isPrivate: false }],
  ["/read/half", NOBODY_ELSE],
  ["/read/pro-plan", NOBODY_ELSE],
  ["/all", { vary: ["cf-ipcountry", "user-agent", "x-forwarded-host"], isPrivate: true }],
];

const CALLERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { "cf-ipcountry": "NL" },
  { "cf-ipcountry": "US", "user-agent": "curl/8" },
  { "cf-ipcountry": "NL", "x-user": "ann" },
  { "x-user": "ben", "user-agent": "Mozilla" },
];

export function cachingTests(check: Check): void {
  check("vary: answers say what their flags depend on, on or off", async (bench) => {
    const server = await start(bench);
    for (const [path, expected] of CASES) {
      for (const headers of CALLERS) {
        assert.deepEqual([path, told(await server.send(path, { headers }))], [path, expected]);
      }
    }
    assert.deepEqual(bench.codes(), []);
  });

  check("vary: guards say so whether they let pass, redirect or refuse", async (bench) => {
    const server = await start(bench);
    for (const path of ["/guarded", "/redirected"]) {
      for (const country of ["NL", "US"]) {
        const answer = await server.send(path, { headers: { "cf-ipcountry": country } });
        assert.equal(answer.status === 200, country === "NL");
        assert.deepEqual(told(answer).vary, ["cf-ipcountry"]);
        assert.equal(told(answer).isPrivate, country === "US");
      }
    }
  });

  check("vary: a cache that is shared never mixes what flags decide", async (bench) => {
    const server = await start(bench);
    const cache = new SharedCache(server);
    const paths = [...CASES.map(([path]) => path), "/guarded", "/redirected", "/own-headers"];
    for (let round = 0; round < 3; round++) {
      for (const path of paths) {
        for (const headers of CALLERS) {
          const [through, direct] = [
            await cache.send(path, { headers }),
            await server.send(path, { headers }),
          ];
          const { status, body } = direct;
          assert.deepEqual(
            [path, headers, through.status, through.body],
            [path, headers, status, body],
          );
        }
      }
    }
    assert.ok(cache.hits > CALLERS.length * 10, `${cache.hits} hits`);
  });

  check("vary: what the application tells caches is joined, not replaced", async (bench) => {
    const server = await start(bench, {}, { header: ["vary", "Origin"] });
    const { headers } = await server.send("/own-headers");
    assert.deepEqual(listOf(headers, "vary"), ["accept-language", "cf-ipcountry"]);
    assert.deepEqual(listOf(headers, "cache-control"), ["private", "max-age=60"]);
    assert.equal(headers["surrogate-control"], undefined);
    const other = await server.send("/read/dutch");
    assert.deepEqual(listOf(other.headers, "vary"), ["origin", "cf-ipcountry"]);
    const everything = await start(bench, {}, { header: ["vary", "*"] });
    assert.equal((await everything.send("/read/dutch")).headers.vary, "*");
  });

  check("vary: the framework's own errors say it, too", async (bench) => {
    const server = await start(bench, {}, { errors: "framework" });
    const answer = await server.send("/fails");
    assert.equal(answer.status, 410);
    assert.deepEqual(told(answer), COUNTRY);
    assert.deepEqual(told(await server.send("/read/dutch", { method: "head" })), COUNTRY);
  });

  check("vary: off, nothing is said", async (bench) => {
    for (const vary of [undefined, false] as const) {
      const server = await start(bench, { vary });
      for (const [path] of CASES) assert.deepEqual(told(await server.send(path)), NOTHING);
      // So that such a cache would have shown it above.
      const cache = new SharedCache(server);
      for (const country of ["NL", "US"]) {
        const { body } = await cache.send("/read/dutch", { headers: { "cf-ipcountry": country } });
        assert.deepEqual(body, { value: true });
      }
    }
  });

  check("vary: where a store has overrides of subjects, they make it private", async (bench) => {
    const store = new MemoryStore();
    const server = await start(bench, { store });
    for (const path of ["/read/plain", "/read/off", "/unknown"]) {
      assert.deepEqual([path, told(await server.send(path))], [path, NOBODY_ELSE]);
    }
    assert.deepEqual(told(await server.send("/read/dutch")), { ...COUNTRY, isPrivate: true });
    assert.deepEqual(told(await server.send("/read/dutch-fixed")), COUNTRY);
    assert.deepEqual(told(await server.send("/read/half-fixed")), NOBODY_ELSE);
    assert.deepEqual(told(await server.send("/nothing")), NOTHING);
  });

  check("vary: what `context` may give is private, unless its headers are named", async (bench) => {
    const context: FlagsOptions["context"] = () => ({ plan: "pro" });
    const unnamed = await start(bench, { context });
    for (const path of ["/read/dutch", "/read/pro-plan", "/read/here"]) {
      assert.deepEqual([path, told(await unnamed.send(path))], [path, NOBODY_ELSE]);
    }
    const vary = { plan: ["X-Plan", "X-Trial"], country: "cf-ipcountry", path: [] };
    const named = await start(bench, { context, vary });
    assert.deepEqual(told(await named.send("/read/pro-plan")).vary, ["x-plan", "x-trial"]);
    assert.deepEqual(told(await named.send("/read/dutch")), COUNTRY);
    assert.deepEqual(told(await named.send("/read/here")), NOTHING);
    assert.deepEqual(told(await named.send("/read/half")), NOBODY_ELSE);
    const none = await start(bench, { deriveContext: false });
    assert.deepEqual(told(await none.send("/read/dutch")), NOBODY_ELSE);
  });

  check("vary: ids in headers and cookies are told as such", async (bench) => {
    const named = await start(bench, { headers: { userId: "X-User-ID" } });
    const byHeader = { vary: ["x-user-id"], isPrivate: false };
    assert.deepEqual(told(await named.send("/read/half")), byHeader);
    const visitors = await start(bench, { anonymous: true });
    const first = await visitors.send("/read/half");
    assert.equal(first.cookies.length, 1);
    assert.deepEqual(told(first), { vary: ["cookie"], isPrivate: true });
    const cookie = String(first.cookies[0]).split(";", 1).join();
    const again = await visitors.send("/read/half", { headers: { cookie } });
    assert.deepEqual([told(again), again.cookies], [told(first), []]);
  });

  check(
    "an answer that gives a visitor an id is no shared cache's, also without vary",
    async (bench) => {
      const server = await start(bench, { anonymous: true, vary: false });
      assert.deepEqual(told(await server.send("/read/half")), NOBODY_ELSE);
      assert.deepEqual(told(await server.send("/read/plain")), NOTHING);
    },
  );
}
