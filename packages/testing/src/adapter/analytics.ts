import assert from "node:assert/strict";
import type { AnalyticsEvent, AnalyticsExporter, AnalyticsOptions, Flags } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { AppDescription } from "./harness.ts";

const ANONYMOUS = "anon_6f1c0f4e-8a51-4c59-9a37-4fd1c7a2b101";

const FLAGS = {
  ...DEFINITIONS,
  trial: {
    variants: { a: "a", b: "b" },
    rules: [{ id: "half", rollout: { weights: { a: 50, b: 50 }, experiment: true } }],
  },
};

const APP: AppDescription = {
  authentication: {
    at: "before",
    user: ({ "x-test-user": id }) =>
      id === undefined
        ? undefined
        : { id, email: `${id}@acme.example`, plan: "pro", roles: ["dev"] },
  },
  routes: [
    { path: "/read", handler: ({ flags }) => ({ json: { on: flags.enabled("on") } }) },
    {
      path: "/twice",
      handler: ({ flags }) => ({ json: [flags.enabled("on"), flags.enabled("on")] }),
    },
    { path: "/trial", handler: ({ flags }) => ({ json: flags.value("trial") ?? null }) },
    {
      path: "/guarded",
      guards: [{ requirement: "for-ann" }],
      choice: { key: "layout", handlers: { wide: () => ({ json: "wide" }) } },
    },
    {
      path: "/bought",
      handler: ({ flags }) => {
        flags.track("bought", { price: 5 });
        return { json: {} };
      },
    },
  ],
};

/** The parameter `key` of a request of any framework's. */
function keyIn(request: unknown): string | undefined {
  const { url = "" } = request as { readonly url?: string };
  return new URL(url, "http://localhost").searchParams.get("key") ?? undefined;
}

interface Setting {
  readonly flags: Flags;
  readonly server: Server;
  /** What has been told so far. */
  readonly events: () => Promise<readonly AnalyticsEvent[]>;
}

async function setting(
  bench: Bench,
  analytics: Partial<AnalyticsOptions> = {},
  options: Parameters<Bench["flags"]>[1] = {},
): Promise<Setting> {
  const told: AnalyticsEvent[] = [];
  const exporter: AnalyticsExporter = {
    name: "kept",
    export: async (batch) => void told.push(...batch.map(({ event }) => event)),
  };
  const flags = bench.flags(FLAGS, {
    ...options,
    analytics: { exporters: [exporter], ...analytics },
  });
  const server = await bench.start({ ...APP, flags });
  const events = async () => {
    await flags.analytics.flush();
    return told;
  };
  return { flags, server, events };
}

const ANN = { headers: { "x-test-user": "ann" } };

export function analyticsTests(check: Check): void {
  check("analytics: a read is told once, with its user and what may go along", async (bench) => {
    const { server, events } = await setting(
      bench,
      { context: ["plan", "roles", "path", "email"], privateAttributes: ["email"] },
      { userAttributes: ["plan"] },
    );
    await server.json("/read", ANN);
    await server.send("/twice", ANN);
    await server.json("/read", { headers: { "x-test-user": "ben" } });
    const told = await events();
    assert.deepEqual(
      told.map(({ user_key, context }) => [user_key, context]),
      [
        ["ann", { plan: "pro", roles: ["dev"], path: "/read" }],
        ["ben", { plan: "pro", roles: ["dev"], path: "/read" }],
      ],
    );
    assert.doesNotMatch(JSON.stringify(told), /acme\.example/);
  });

  check("analytics: guards and choices read flags, too", async (bench) => {
    const { server, events } = await setting(bench);
    assert.equal((await server.send("/guarded", ANN)).body, "wide");
    const told = await events();
    assert.deepEqual(
      told.map((event) => event.type === "exposure" && [event.flag_key, event.value]),
      [
        ["for-ann", true],
        ["layout", "w"],
      ],
    );
  });

  check("analytics: what is tracked belongs to the request's user", async (bench) => {
    const { server, events } = await setting(bench);
    await server.json("/bought", ANN);
    await server.json("/bought", ANN);
    const told = await events();
    assert.deepEqual(
      told.map((event) => event.type === "track" && [event.event, event.user_key, event.data]),
      [
        ["bought", "ann", { price: 5 }],
        ["bought", "ann", { price: 5 }],
      ],
    );
  });

  check("analytics: the user may be one that only the context names", async (bench) => {
    const { server, events } = await setting(
      bench,
      {},
      { context: (req) => ({ targetingKey: keyIn(req) }) },
    );
    await server.json("/bought?key=ann");
    await server.json("/read?key=ben");
    await server.json("/trial?key=eve");
    const told = await events();
    assert.deepEqual(
      told.map(({ type, user_key }) => [type, user_key]),
      [
        ["track", "ann"],
        ["exposure", "ben"],
        ["exposure", "eve"],
      ],
    );
  });

  check("analytics: a visitor is marked, and gets no id just to be told of", async (bench) => {
    const { flags, server, events } = await setting(bench, {}, { anonymous: true });
    assert.deepEqual((await server.send("/read")).cookies, []);
    assert.deepEqual((await server.send("/bought")).cookies, []);
    assert.deepEqual(await events(), []);
    assert.equal(flags.analytics.stats().skipped.anonymous, 2);

    const [cookie = ""] = (await server.send("/trial")).cookies;
    const id = /^halyard_anon=([^;]+)/.exec(cookie)?.[1];
    await server.send("/read", { headers: { cookie: `halyard_anon=${ANONYMOUS}` } });
    assert.deepEqual(
      (await events()).map(({ user_key, anonymous }) => [user_key, anonymous]),
      [
        [id, true],
        [ANONYMOUS, true],
      ],
    );
  });

  check("analytics: an exporter that fails is no concern of a request's", async (bench) => {
    const failing: AnalyticsExporter = {
      name: "failing",
      export: () => {
        throw new Error("no");
      },
    };
    const { flags, server } = await setting(bench, { exporters: [failing], batchSize: 1 });
    for (let count = 0; count < 10; count++) {
      const headers = { "x-test-user": `user-${count}` };
      assert.deepEqual(await server.json("/read", { headers }), { on: true });
    }
    await flags.analytics.flush();
    assert.equal(flags.analytics.stats().exporters[0]?.dropped.failed, 10);
  });
}
