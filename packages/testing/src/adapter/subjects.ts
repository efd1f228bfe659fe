import assert from "node:assert/strict";
import { type Flags, type FlagsOptions, MemoryStore, type Scope } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";
import type { AppDescription } from "./harness.ts";

const BY = { actor: { id: "ops", type: "person" } };
const FLAGS = {
  beta: false,
  pilot: {
    type: "boolean",
    rules: [
      {
        id: "pilots",
        when: [{ attribute: "groups", op: "contains", values: ["pilots"] }],
        serve: "on",
      },
    ],
  },
};

const ROUTES: AppDescription["routes"] = [
  {
    path: "/read",
    handler: ({ flags }) => ({
      json: { beta: flags.enabled("beta"), pilot: flags.enabled("pilot") },
    }),
  },
  {
    path: "/ready",
    handler: async ({ flags }) => {
      await flags.ready();
      return { json: { beta: flags.enabled("beta"), pilot: flags.enabled("pilot") } };
    },
  },
  {
    path: "/guarded",
    guards: [{ requirement: "beta" }],
    handler: ({ flags }) => ({ json: { beta: flags.enabled("beta") } }),
  },
];

interface Setting {
  readonly flags: Flags;
  readonly server: Server;
}

async function setting(
  bench: Bench,
  at: "before" | "after",
  options: FlagsOptions = {},
): Promise<Setting> {
  const flags = bench.flags(
    {},
    { sources: [], store: new MemoryStore({ flags: FLAGS }), ...options },
  );
  const server = await bench.start({
    flags,
    authentication: {
      at,
      user: (headers) =>
        headers["x-user"] === undefined
          ? undefined
          : { id: headers["x-user"], tenantId: headers["x-tenant"] },
    },
    routes: ROUTES,
  });
  return { flags, server };
}

const ann = { headers: { "x-user": "ann" } };
const user: Scope = { kind: "user", id: "ann" };

export function subjectTests(check: Check): void {
  check("a subject's overrides and groups are there for the first read", async (bench) => {
    const { flags, server } = await setting(bench, "before");
    await flags.overrides.set("beta", user, true, BY);
    await flags.groups.add("pilots", "ann", BY);
    assert.deepEqual(await server.json("/read", ann), { beta: true, pilot: true });
    assert.deepEqual(await server.json("/read"), { beta: false, pilot: false });
    assert.deepEqual(await server.json("/guarded", ann), { beta: true });
    assert.equal((await server.send("/guarded")).status, 404);
    assert.deepEqual(bench.codes(), []);
  });

  check("a change is seen by the next request", async (bench) => {
    const { flags, server } = await setting(bench, "before");
    assert.deepEqual(await server.json("/read", ann), { beta: false, pilot: false });
    await flags.overrides.set("beta", user, true, BY);
    assert.deepEqual(await server.json("/read", ann), { beta: true, pilot: false });
    await flags.overrides.kill("beta", { ...BY, reason: "fire" });
    assert.equal((await server.send("/guarded", ann)).status, 404);
  });

  check("guards and ready load whoever was authenticated after the middleware", async (bench) => {
    const { flags, server } = await setting(bench, "after");
    await flags.overrides.set("beta", user, true, BY);
    assert.deepEqual(await server.json("/guarded", ann), { beta: true });
    assert.deepEqual(await server.json("/ready", ann), { beta: true, pilot: false });
    assert.deepEqual(bench.codes(), []);
  });

  check("a plain read of such a subject goes without, and says so", async (bench) => {
    const { flags, server } = await setting(bench, "after");
    await flags.overrides.set("beta", user, true, BY);
    const isLoaded = bench.harness.differences.loadsBeforeHandlers !== undefined;
    assert.deepEqual(await server.json("/read", ann), { beta: isLoaded, pilot: false });
    assert.deepEqual(bench.codes(), isLoaded ? [] : ["HALYARD_SUBJECT_NOT_LOADED"]);
  });

  check("no header or query puts a request into a scope", async (bench) => {
    const { flags, server } = await setting(bench, "before");
    await flags.overrides.set("beta", { kind: "tenant", id: "t1" }, true, BY);
    await flags.overrides.set("beta", { kind: "role", id: "admin" }, true, BY);
    const headers = {
      "x-user-id": "ann",
      "x-tenant-id": "t1",
      "x-org-id": "o1",
      "x-role": "admin",
      cookie: "userId=ann; tenantId=t1",
    };
    const path = "/read?userId=ann&tenantId=t1&roles=admin&ff_beta=true";
    assert.deepEqual(await server.json(path, { headers }), { beta: false, pilot: false });
    const tenant = { headers: { "x-user": "ben", "x-tenant": "t1" } };
    assert.deepEqual(await server.json("/read", tenant), { beta: true, pilot: false });
  });

  check("an anonymous visitor claims nobody's override", async (bench) => {
    const { flags, server } = await setting(bench, "before", { anonymous: true });
    const { cookies } = await server.send("/read");
    const id = /halyard_anon=([^;]+)/.exec(String(cookies[0]))?.[1] ?? "";
    await flags.overrides.set("beta", { kind: "user", id }, true, BY);
    const headers = { cookie: `halyard_anon=${id}` };
    assert.deepEqual(await server.json("/read", { headers }), { beta: false, pilot: false });
  });
}
