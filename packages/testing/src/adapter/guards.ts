import assert from "node:assert/strict";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import { DISABLED, GUARD_CASES, JSON_HEADERS } from "./guard-cases.ts";
import type { Answer, Handler, Headers } from "./harness.ts";

const passed: Handler = () => ({ json: { passed: true } });

/** The headers that all frameworks must agree on. */
const COMPARED = ["content-type", "cache-control", "location", "vary", "etag", "retry-after"];

export function comparedHeaders(headers: Headers): Record<string, unknown> {
  return Object.fromEntries(
    COMPARED.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

export function guardTests(check: Check): void {
  for (const { name, requirement, options, expected } of GUARD_CASES) {
    check(`requireFeature: ${name}`, async (bench) => {
      const flags = bench.flags(DEFINITIONS);
      const server = await bench.start({
        flags,
        routes: [{ path: "/guarded", guards: [{ requirement, options }], handler: passed }],
      });
      const { status, headers, body } = await server.send("/guarded");
      if (expected === "passes") {
        assert.deepEqual({ status, body }, { status: 200, body: { passed: true } });
        return;
      }
      assert.equal(status, expected.status);
      assert.deepEqual(body, expected.body);
      assert.deepEqual(comparedHeaders(headers), expected.headers);
      const text =
        typeof expected.body === "string" ? expected.body : JSON.stringify(expected.body);
      assert.equal(headers["content-length"], String(Buffer.byteLength(text)));

      const head = await server.send("/guarded", { method: "head" });
      assert.equal(head.status, expected.status);
      assert.deepEqual(comparedHeaders(head.headers), expected.headers);
      assert.equal(head.headers["content-length"], headers["content-length"]);
    });
  }

  check("requireFeature: onDisabled answers in the guard's place", async (bench) => {
    const onDisabled = (): Answer => ({
      status: 402,
      headers: { "x-reason": "plan" },
      json: { upgrade: true },
    });
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        {
          path: "/sync",
          guards: [{ requirement: "off", options: { onDisabled, redirect: "/elsewhere" } }],
          handler: passed,
        },
        {
          path: "/async",
          guards: [{ requirement: "off", options: { onDisabled: async () => onDisabled() } }],
          handler: passed,
        },
        { path: "/on", guards: [{ requirement: "on", options: { onDisabled } }], handler: passed },
      ],
    });
    for (const path of ["/sync", "/async"]) {
      const { status, headers, body } = await server.send(path);
      assert.deepEqual([status, headers["x-reason"], body], [402, "plan", { upgrade: true }]);
    }
    assert.deepEqual((await server.send("/on")).body, { passed: true });
  });

  for (const unanswered of ["ends", "goes on"] as const) {
    check(`requireFeature: an onDisabled that ${unanswered} lets nobody pass`, async (bench) => {
      let reached = false;
      const handler: Handler = () => {
        reached = true;
        return { json: "secret" };
      };
      const server = await bench.start({
        flags: bench.flags(DEFINITIONS),
        routes: [
          {
            path: "/guarded",
            guards: [{ requirement: "off", options: { status: 403 }, unanswered }],
            handler,
          },
        ],
      });
      const { status, body, headers } = await server.send("/guarded");
      assert.deepEqual([status, body, reached], [403, DISABLED, false]);
      assert.deepEqual(comparedHeaders(headers), JSON_HEADERS);
    });
  }

  check("requireFeature: an error in onDisabled goes the way of errors", async (bench) => {
    const fail = (): never => {
      throw Object.assign(new Error("no plan"), { code: "NO_PLAN", statusCode: 418 });
    };
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        {
          path: "/sync",
          guards: [{ requirement: "off", options: { onDisabled: fail } }],
          handler: passed,
        },
        {
          path: "/async",
          guards: [{ requirement: "off", options: { onDisabled: async () => fail() } }],
          handler: passed,
        },
      ],
    });
    for (const path of ["/sync", "/async"]) {
      const { status, body } = await server.send(path);
      assert.deepEqual([status, body], [418, { failed: "NO_PLAN" }]);
    }
  });

  check("requireFeature: several guards on a route all have to let pass", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        {
          path: "/both",
          guards: [{ requirement: "on" }, { requirement: "other-on" }],
          handler: passed,
        },
        {
          path: "/one",
          guards: [{ requirement: "on" }, { requirement: "off", options: { status: 403 } }],
          handler: passed,
        },
      ],
    });
    assert.equal((await server.send("/both")).status, 200);
    assert.equal((await server.send("/one")).status, 403);
  });

  check("requireFeature: a guard asks for each caller anew", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      authentication: { at: "after", user: (headers) => ({ id: headers["x-user"] }) },
      routes: [{ path: "/guarded", guards: [{ requirement: "for-ann" }], handler: passed }],
    });
    for (const [user, status] of [
      ["ann", 200],
      ["ben", 404],
      ["ann", 200],
    ] as const) {
      const sent = { headers: { "x-user": user } };
      assert.equal((await server.send("/guarded", sent)).status, status);
    }
  });

  check("requireFeature: the key of a guarded flag is not in the answer", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        { path: "/guarded", guards: [{ requirement: "secret-plan" }], handler: passed },
        { path: "/unguarded", handler: passed },
      ],
    });
    const { body, headers } = await server.send("/guarded");
    assert.deepEqual(body, DISABLED);
    assert.deepEqual(comparedHeaders(headers), JSON_HEADERS);
    assert.doesNotMatch(JSON.stringify({ body, headers }), /secret-plan/);
  });
}
