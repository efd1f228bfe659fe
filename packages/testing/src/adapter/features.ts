import assert from "node:assert/strict";
import { clientValues, type Flags, featuresEndpoint, MemoryStore } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";
import type { AppDescription } from "./harness.ts";

/** What browsers may see of these depends on who asks. */
const FLAGS = {
  greeting: { default: "Hello", variants: { plain: "Hello", warm: "Hi!" }, client: true },
  insider: { conditions: { groups: ["insiders"] }, client: true },
  settings: { type: "json", default: { list: [1, "<b>"] }, client: true },
  hidden: { default: "secret", client: false },
  unsaid: { default: "secret" },
};

const authentication = {
  at: "before",
  user: ({ "x-user": user }: Readonly<Record<string, unknown>>) =>
    user === undefined ? undefined : { id: user, groups: user === "ann" ? ["insiders"] : [] },
} as const;

const PLAIN = { greeting: "Hello", insider: false, settings: { list: [1, "<b>"] } };

function start(bench: Bench, f: Flags, more: AppDescription = {}): Promise<Server> {
  const mounts = [{ path: "/features", endpoint: featuresEndpoint(f) }];
  return bench.start({ flags: f, authentication, mounts, ...more });
}

export function featureTests(check: Check): void {
  check("features: what browsers may see, for who asks, and nothing else", async (bench) => {
    const f = bench.flags(FLAGS, { overrides: { undefined_flag: "secret" } });
    const server = await start(bench, f);
    assert.deepEqual(await server.json("/features"), PLAIN);
    const headers = { "x-user": "ann" };
    assert.deepEqual(await server.json("/features/", { headers }), { ...PLAIN, insider: true });
    for (const query of ["flags=hidden", "keys=*", "client=false", "all", "hidden", "__proto__"]) {
      assert.deepEqual(await server.json(`/features?${query}`), PLAIN, query);
    }
    for (const path of ["/features/hidden", "/features/x/y", "/features/%2e%2e"]) {
      assert.equal((await server.send(path)).status, 404, path);
    }
    for (const method of ["post", "put", "delete"] as const) {
      const refused = await server.send("/features", { method });
      assert.deepEqual([refused.status, refused.headers.allow], [405, "GET, HEAD"]);
    }
  });

  check("features: is what the request's own client says, with overrides", async (bench) => {
    const store = new MemoryStore();
    const f = bench.flags(FLAGS, { store });
    const actor = { id: "ops", type: "person" };
    await f.overrides.set("greeting", { kind: "user", id: "ben" }, "Hi!", { actor });
    await f.groups.add("insiders", "cleo", { actor });
    const server = await start(bench, f, {
      routes: [
        {
          path: "/own",
          handler: async ({ flags }) => {
            await flags.ready();
            return { json: clientValues(flags) };
          },
        },
      ],
    });
    for (const [user, expected] of [
      ["ann", { ...PLAIN, insider: true }],
      ["ben", { ...PLAIN, greeting: "Hi!" }],
      ["cleo", { ...PLAIN, insider: true }],
    ] as const) {
      const headers = { "x-user": user };
      assert.deepEqual(await server.json("/features", { headers }), expected);
      assert.deepEqual(await server.json("/own", { headers }), expected);
    }
  });

  check("features: are the caller's alone, and cheap to ask for again", async (bench) => {
    const f = bench.flags(FLAGS, { store: new MemoryStore() });
    const server = await start(bench, f, { header: ["vary", "Origin"] });
    const first = await server.send("/features");
    assert.equal(first.headers["cache-control"], "private, no-cache");
    assert.equal(first.headers.vary, "Origin, Cookie, Authorization");
    assert.equal(first.headers["x-content-type-options"], "nosniff");
    const etag = String(first.headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await server.send("/features", { headers: { "if-none-match": known } });
      assert.deepEqual([known, again.status, again.body], [known, 304, ""]);
      assert.equal(again.headers.etag, etag);
      assert.equal(again.headers["cache-control"], "private, no-cache");
    }
    const others = { "if-none-match": etag, "x-user": "ann" };
    assert.equal((await server.send("/features", { headers: others })).status, 200);
    await f.overrides.kill("greeting", {
      actor: { id: "ops", type: "person" },
      reason: "too warm",
      value: "Hi!",
    });
    const changed = await server.send("/features", { headers: { "if-none-match": etag } });
    assert.deepEqual([changed.status, changed.body], [200, { ...PLAIN, greeting: "Hi!" }]);
    const head = await server.send("/features", { method: "head" });
    assert.deepEqual([head.status, head.headers.etag], [200, changed.headers.etag]);
    assert.equal(head.headers["content-length"], changed.headers["content-length"]);
  });

  check("features: 503 while they can't be read", async (bench) => {
    const store = new MemoryStore();
    const broken = Object.assign(Object.create(store) as MemoryStore, {
      readSubject: () => Promise.reject(new Error("unreachable")),
      watch: (listener: never) => store.watch(listener),
      readSync: () => store.readSync(),
      read: () => store.read(),
      close: () => store.close(),
    });
    // Also of a name that every object answers to.
    const flags = { constructor: { default: true, client: true } };
    const f = bench.flags(flags, { store: broken, subjects: { failure: "closed" } });
    const server = await start(bench, f);
    const { status, headers, body } = await server.send("/features", {
      headers: { "x-user": "ann" },
    });
    assert.deepEqual(
      [status, headers["retry-after"], headers["cache-control"]],
      [503, "5", "no-store"],
    );
    assert.equal((body as { error: { code: string } }).error.code, "NOT_READY");
  });

  check("features: under any property, and only behind the middleware", async (bench) => {
    const f = bench.flags(FLAGS, { property: "features" });
    const server = await start(bench, f, { property: "features" });
    assert.deepEqual(await server.json("/features"), PLAIN);
    const without = await bench.start({ mounts: [{ path: "/f", endpoint: featuresEndpoint(f) }] });
    const { status, body } = await without.send("/f");
    assert.deepEqual([status, body], [500, { failed: "NO_INSTANCE" }]);
  });

  check("features: never those of another instance", async (bench) => {
    const [f, other] = [
      bench.flags(FLAGS),
      bench.flags({ internal: { default: true, client: true } }),
    ];
    const server = await start(bench, f, { flags: other });
    const { status, body } = await server.send("/features");
    assert.deepEqual([status, body], [500, { failed: "NO_INSTANCE" }]);
  });

  check("features: an endpoint of what is no instance is refused at start", async () => {
    for (const value of [undefined, null, {}, { flags: true }]) {
      assert.throws(() => featuresEndpoint(value as never), { code: "INVALID_OPTIONS" });
    }
  });
}
