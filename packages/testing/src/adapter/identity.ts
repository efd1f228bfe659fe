import assert from "node:assert/strict";
import type { FlagsOptions } from "@halyard/server";
import type { Bench, Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { AppDescription, Handler } from "./harness.ts";

/** Answers with the whole context. */
export const contextOf: Handler = ({ flags }) => ({ json: flags.context });

/** The context that one request has, with a user at this or that place. */
async function context(
  bench: Bench,
  user: unknown,
  options: FlagsOptions = {},
  app: AppDescription = {},
): Promise<Record<string, unknown>> {
  const server = await bench.start({
    flags: bench.flags(DEFINITIONS, options),
    authentication: { at: "after", user: () => user },
    routes: [{ path: "/who", handler: contextOf }],
    ...app,
  });
  return server.json("/who");
}

class Account {
  readonly #id: string;
  constructor(id: string) {
    this.#id = id;
  }
  get id(): string {
    return this.#id;
  }
  get email(): string {
    return `${this.#id}@acme.example`;
  }
  get password(): string {
    throw new Error("nobody asks for this");
  }
}

export function identityTests(check: Check): void {
  check("a request's own facts are in its context", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [{ path: "/who/am-i", handler: contextOf }],
      session: () => "session-7",
    });
    const { host, ...rest } = await server.json("/who/am-i?secret=1", {
      headers: { "user-agent": "suite/1", host: "shop.example:8080" },
    });
    assert.equal(host, "shop.example");
    assert.deepEqual(rest, {
      ip: "127.0.0.1",
      method: "GET",
      path: "/who/am-i",
      sessionId: "session-7",
      userAgent: "suite/1",
    });
  });

  check("a user who is set later than the middleware is seen", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      authentication: { at: "after", user: (headers) => ({ id: headers["x-user"] }) },
      routes: [
        {
          path: "/ann",
          guards: [{ requirement: "for-ann" }],
          handler: ({ flags }) => ({ json: { ann: flags.enabled("for-ann") } }),
        },
      ],
    });
    assert.deepEqual(await server.json("/ann", { headers: { "x-user": "ann" } }), { ann: true });
    assert.equal((await server.send("/ann", { headers: { "x-user": "ben" } })).status, 404);
  });

  check("the user's attributes have the usual names", async (bench) => {
    const seen = await context(bench, {
      id: "ann",
      sub: "not-this",
      name: "Ann",
      email: "ann@acme.example",
      roles: ["admin"],
      groups: ["beta"],
      permissions: ["refund"],
      tenantId: "t1",
      orgId: 7,
    });
    for (const [name, value] of Object.entries({
      targetingKey: "ann",
      userId: "ann",
      name: "Ann",
      email: "ann@acme.example",
      roles: ["admin"],
      groups: ["beta"],
      perms: ["refund"],
      tenantId: "t1",
      orgId: 7,
    })) {
      assert.deepEqual(seen[name], value, name);
    }
    assert.equal(seen.anonymous, undefined);
  });

  check("a token's sub is the id where there is no id", async (bench) => {
    const { targetingKey, userId } = await context(bench, { sub: "auth0|9" });
    assert.deepEqual([targetingKey, userId], ["auth0|9", "auth0|9"]);
    const other = await context(bench, { id: "", sub: "auth0|10" });
    assert.equal(other.targetingKey, "auth0|10");
  });

  check("only what is named is read of a user", async (bench) => {
    const read: string[] = [];
    const user = new Proxy(
      { id: "ann", plan: "pro", password: "x" },
      {
        get: (target, name) => {
          read.push(String(name));
          return Reflect.get(target, name);
        },
      },
    );
    const seen = await context(bench, user, { userAttributes: ["plan"] });
    assert.deepEqual([seen.targetingKey, seen.plan], ["ann", "pro"]);
    const named = "id sub name email roles groups permissions perms tenantId orgId plan".split(" ");
    assert.deepEqual(
      read.filter((name) => !named.includes(name)),
      [],
    );
    assert.equal(JSON.stringify(seen).includes("password"), false);
  });

  check("a user may be an instance of a class, with getters", async (bench) => {
    const { targetingKey, email } = await context(bench, new Account("ann"));
    assert.deepEqual([targetingKey, email], ["ann", "ann@acme.example"]);
  });

  check("a user whose getters throw has no such attributes, and breaks nothing", async (bench) => {
    const fail = () => {
      throw new Error("lazy load failed");
    };
    const user = Object.defineProperties({}, { id: { get: fail }, roles: { get: fail } });
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS, { anonymous: true }),
      authentication: { at: "after", user: () => user },
      routes: [
        {
          path: "/reads",
          handler: ({ flags }) => ({
            json: {
              ann: flags.enabled("for-ann"),
              admins: flags.enabled("for-admins"),
              all: Object.keys(flags.all()).length === Object.keys(DEFINITIONS).length,
              key: flags.context.targetingKey ?? null,
              anonymous: flags.context.anonymous ?? null,
            },
          }),
        },
      ],
    });
    const expected = { ann: false, admins: false, all: true, key: null, anonymous: null };
    assert.deepEqual(await server.json("/reads"), expected);
  });

  for (const user of ["ann", 7, null, undefined, true, [], new Map([["id", "ann"]])]) {
    check(`a user that is ${String(JSON.stringify(user))} is nobody`, async (bench) => {
      const { targetingKey, userId } = await context(bench, user);
      assert.deepEqual([targetingKey, userId], [undefined, undefined]);
    });
  }

  check("a forwarded address counts only when the framework trusts it", async (bench) => {
    const headers = { "x-forwarded-for": "10.9.8.7" };
    const who = { path: "/who", handler: contextOf };
    const cases = [
      [undefined, "127.0.0.1"],
      ["loopback", "10.9.8.7"],
      ["all", "10.9.8.7"],
    ] as const;
    for (const [trustProxy, ip] of cases) {
      const server = await bench.start({
        flags: bench.flags(DEFINITIONS),
        trustProxy,
        routes: [who],
      });
      assert.equal((await server.json("/who", { headers })).ip, ip, trustProxy ?? "none");
    }
  });

  check("trusting forwarded addresses of anybody is warned of once, when read", async (bench) => {
    const routes: AppDescription["routes"] = [
      { path: "/none", handler: ({ flags }) => ({ json: { on: flags.enabled("on") } }) },
      { path: "/ip", handler: ({ flags }) => ({ json: { in: flags.enabled("for-local-ip") } }) },
    ];
    for (const trustProxy of ["loopback", "all"] as const) {
      const server = await bench.start({ flags: bench.flags(DEFINITIONS), trustProxy, routes });
      await server.json("/none");
      assert.deepEqual(bench.codes(), []);
      const headers = { "x-forwarded-for": "10.9.8.7" };
      assert.deepEqual(await server.json("/ip", { headers }), { in: false });
      await server.json("/ip", { headers });
      assert.deepEqual(bench.codes(), trustProxy === "all" ? ["HALYARD_TRUST_PROXY"] : []);
    }
  });

  check("trusting a forwarded host of anybody is warned of, when it is read", async (bench) => {
    const by = { attribute: "host", op: "eq", values: ["internal.example"] };
    const definitions = { internal: { type: "boolean", rules: [{ id: "h", when: [by] }] } };
    const server = await bench.start({
      flags: bench.flags(definitions),
      trustProxy: "all",
      routes: [
        { path: "/", handler: ({ flags }) => ({ json: { in: flags.enabled("internal") } }) },
      ],
    });
    const headers = { "x-forwarded-host": "internal.example" };
    assert.deepEqual(await server.json("/", { headers }), { in: true });
    assert.deepEqual(bench.codes(), ["HALYARD_TRUST_PROXY"]);
  });

  check("headers are attributes when they are named, and only then", async (bench) => {
    const headers = {
      "cf-ipcountry": "NO",
      "x-user-id": "root",
      "x-tenant-id": "t9",
      "x-plan": "pro",
    };
    const routes: AppDescription["routes"] = [{ path: "/who", handler: contextOf }];
    const plain = await bench.start({ flags: bench.flags(DEFINITIONS), routes });
    const { country, userId, tenantId, targetingKey } = await plain.json("/who", { headers });
    assert.deepEqual([country, userId, tenantId, targetingKey], Array(4).fill(undefined));

    const named = { country: "CF-IPCountry", plan: "x-plan", userId: "x-user-id" };
    const options = bench.options(DEFINITIONS, { headers: named });
    const server = await bench.start({ flags: options, routes });
    const seen = await server.json("/who", { headers });
    assert.deepEqual(
      [seen.country, seen.plan, seen.userId, seen.targetingKey, seen.tenantId],
      ["NO", "pro", "root", "root", undefined],
    );
    assert.equal((await server.json("/who")).country, undefined);
  });
}
