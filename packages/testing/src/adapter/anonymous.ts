import assert from "node:assert/strict";
import type { Check, Received } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { RouteDescription } from "./harness.ts";

const ID = /^anon_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const ROUTES: readonly RouteDescription[] = [
  {
    path: "/reads",
    handler: ({ flags }) => ({
      json: {
        in: flags.enabled("everybody"),
        again: flags.enabled("for-ann"),
        key: flags.context.targetingKey ?? null,
        user: flags.context.userId ?? null,
        anonymous: flags.context.anonymous ?? null,
      },
    }),
  },
  { path: "/static", handler: ({ flags }) => ({ json: { on: flags.enabled("on") } }) },
  {
    path: "/guarded",
    guards: [{ requirement: "everybody", options: { variant: "neither" } }],
    handler: () => ({ json: {} }),
  },
];

function parts(response: Received, name = "halyard_anon"): { id: string; attributes: string[] } {
  const cookie = response.cookies.find((text) => text.startsWith(`${name}=`)) ?? "=";
  const [pair = "", ...attributes] = cookie.split("; ");
  return { id: pair.slice(name.length + 1), attributes };
}

export function anonymousTests(check: Check): void {
  check("anonymous: an id is made, sent as a cookie, and kept", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true }),
      header: ["set-cookie", "theirs=1"],
      routes: ROUTES,
    });
    const first = await server.send("/reads");
    const { id, attributes } = parts(first);
    assert.match(id, ID);
    assert.deepEqual(attributes, ["Path=/", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"]);
    assert.deepEqual(first.cookies.length, 2);
    assert.ok(first.cookies.includes("theirs=1"));
    const expected = { in: true, again: false, key: id, user: null, anonymous: true };
    assert.deepEqual(first.body, expected);

    const cookie = `a=b; halyard_anon=${id}; c=d`;
    const second = await server.send("/reads", { headers: { cookie } });
    assert.deepEqual(second.body, expected);
    assert.deepEqual(second.cookies, ["theirs=1"]);
    assert.notEqual(parts(await server.send("/reads")).id, id);
  });

  check("anonymous: no id is made when no flag asks, or by default", async (bench) => {
    const anonymous = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true }),
      routes: ROUTES,
    });
    assert.deepEqual((await anonymous.send("/static")).cookies, []);
    const plain = await bench.start({ flags: bench.flags(DEFINITIONS), routes: ROUTES });
    const { body, cookies } = await plain.send("/reads", {
      headers: { cookie: "halyard_anon=anon_00000000-0000-4000-8000-000000000000" },
    });
    assert.deepEqual(cookies, []);
    assert.equal((body as { key: unknown }).key, null);
  });

  check("anonymous: an answer of a guard carries the cookie too", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true }),
      routes: ROUTES,
    });
    const denied = await server.send("/guarded");
    assert.equal(denied.status, 404);
    assert.match(parts(denied).id, ID);
  });

  const FORGED = [
    "ann",
    "anon_ann",
    "anon_",
    "ANON_0b1e2c3d-0000-4000-8000-000000000000",
    "anon_0b1e2c3d-0000-4000-8000-00000000000g",
    "anon_0b1e2c3d-0000-4000-8000-000000000000x",
    "%61non_0b1e2c3d-0000-4000-8000-000000000000",
  ];
  for (const forged of FORGED) {
    check(`anonymous: a forged ${forged} is refused`, async (bench) => {
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { anonymous: true }),
        routes: ROUTES,
      });
      const answer = await server.send("/reads", { headers: { cookie: `halyard_anon=${forged}` } });
      const { id } = parts(answer);
      assert.match(id, ID);
      assert.notEqual(id, forged);
      assert.equal((answer.body as { key: unknown }).key, id);
    });
  }

  check("anonymous: who is signed in has no anonymous id", async (bench) => {
    const cookie = "halyard_anon=anon_0b1e2c3d-0000-4000-8000-000000000000";
    const signedIn = { in: true, again: true, key: "ann", user: "ann", anonymous: null };
    const byUser = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true }),
      authentication: { at: "after", user: () => ({ id: "ann" }) },
      routes: ROUTES,
    });
    const byContext = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true, context: () => ({ userId: "ann" }) }),
      routes: ROUTES,
    });
    for (const server of [byUser, byContext]) {
      for (const headers of [{}, { cookie }] as Record<string, string>[]) {
        const { body, cookies } = await server.send("/reads", { headers });
        assert.deepEqual([body, cookies], [signedIn, []]);
      }
    }
  });

  check("anonymous: name, age and security of the cookie", async (bench) => {
    const options = { cookie: "visitor", maxAge: 60, secure: true };
    const set = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: options }),
      routes: ROUTES,
    });
    const { id, attributes } = parts(await set.send("/reads"), "visitor");
    assert.match(id, ID);
    const expected = ["Path=/", "Max-Age=60", "HttpOnly", "SameSite=Lax", "Secure"];
    assert.deepEqual(attributes, expected);
    assert.equal(((await set.json("/reads")) as { anonymous: unknown }).anonymous, true);

    const https = { "x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1" };
    for (const trustProxy of [undefined, "loopback"] as const) {
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { anonymous: true }),
        trustProxy,
        routes: ROUTES,
      });
      const sent = parts(await server.send("/reads", { headers: https }));
      assert.equal(sent.attributes.includes("Secure"), trustProxy !== undefined);
    }
  });
}
