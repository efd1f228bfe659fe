import assert from "node:assert/strict";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler } from "./harness.ts";

const answers =
  (name: string): Handler =>
  () => ({ json: { served: name } });

export function variantTests(check: Check): void {
  check("byVariant: each variant has its handler, the others the fallback", async (bench) => {
    const handlers = { wide: answers("wide"), narrow: answers("narrow") };
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      authentication: { at: "after", user: (headers) => ({ id: headers["x-user"] }) },
      routes: [
        { path: "/page", choice: { key: "layout", handlers, fallback: answers("fallback") } },
        {
          path: "/unknown",
          choice: { key: "missing", handlers, fallback: answers("fallback") },
        },
      ],
    });
    for (const [user, served] of [
      ["ann", "wide"],
      ["ben", "narrow"],
      ["cy", "fallback"],
    ] as const) {
      const sent = { headers: { "x-user": user } };
      assert.deepEqual(await server.json("/page", sent), { served });
    }
    assert.deepEqual(await server.json("/unknown"), { served: "fallback" });
  });

  check("byVariant: a boolean's variants are on and off", async (bench) => {
    const handlers = { on: answers("new"), off: answers("old") };
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        { path: "/on", choice: { key: "on", handlers } },
        { path: "/off", choice: { key: "off", handlers } },
      ],
    });
    assert.deepEqual(await server.json("/on"), { served: "new" });
    assert.deepEqual(await server.json("/off"), { served: "old" });
  });

  check(
    "byVariant: when none fits, the framework answers as for any unknown path",
    async (bench) => {
      const server = await bench.start({
        flags: bench.flags(DEFINITIONS),
        errors: "framework",
        routes: [
          { path: "/page", choice: { key: "layout", handlers: { tall: answers("tall") } } },
          { path: "/miss", choice: { key: "missing", handlers: { tall: answers("tall") } } },
        ],
      });
      const unknown = await server.send("/void");
      assert.equal(unknown.status, 404);
      for (const path of ["/page", "/miss"]) {
        const { status, body, headers } = await server.send(path);
        assert.equal(status, 404);
        assert.equal(headers["content-type"], unknown.headers["content-type"]);
        const neutral = (text: unknown) =>
          JSON.stringify(text).replaceAll(/\/(void|page|miss)/g, "");
        assert.equal(neutral(body), neutral(unknown.body));
      }
    },
  );

  check("byVariant: what a handler throws goes the way of errors", async (bench) => {
    const fail = (): never => {
      throw Object.assign(new Error("no"), { code: "HANDLER_FAILED", statusCode: 409 });
    };
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        { path: "/sync", choice: { key: "on", handlers: { on: fail } } },
        { path: "/async", choice: { key: "on", handlers: { on: async () => fail() } } },
      ],
    });
    for (const path of ["/sync", "/async"]) {
      const { status, body } = await server.send(path);
      assert.deepEqual([status, body], [409, { failed: "HANDLER_FAILED" }]);
    }
  });
}
