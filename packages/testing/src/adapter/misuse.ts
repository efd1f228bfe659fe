import assert from "node:assert/strict";
import type { FlagsOptions } from "@halyard/server";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler, RouteDescription } from "./harness.ts";

const passed: Handler = () => ({ json: { passed: true } });

const GUARDED: readonly RouteDescription[] = [
  { path: "/require", guards: [{ requirement: "on" }], handler: passed },
  { path: "/variant", choice: { key: "on", handlers: { on: passed } } },
  { path: "/denied", guards: [{ requirement: "off", options: { status: 403 } }], handler: passed },
];

export function misuseTests(check: Check): void {
  check("guards without the middleware: NO_INSTANCE reaches the error handler", async (bench) => {
    const neutral = await bench.start({ routes: GUARDED });
    const own = await bench.start({ routes: GUARDED, errors: "framework" });
    for (const path of ["/require", "/variant"]) {
      const { status, body } = await neutral.send(path);
      assert.deepEqual([status, body], [500, { failed: "NO_INSTANCE" }]);
      assert.equal((await own.send(path)).status, 500);
    }
  });

  for (const misuse of ["flags", "requireFeature"] as const) {
    check(
      `${misuse}, mounted without calling it: MISUSE reaches the error handler`,
      async (bench) => {
        const server = await bench.start({
          flags: bench.flags(DEFINITIONS),
          misuse,
          routes: GUARDED,
        });
        const { status, body } = await server.send("/require");
        assert.deepEqual([status, body], [500, { failed: "MISUSE" }]);
      },
    );
  }

  check("an unknown option is refused at start, by name", async (bench) => {
    const options = { ...bench.options(DEFINITIONS), userAtributes: ["plan"] } as FlagsOptions;
    await assert.rejects(async () => bench.start({ flags: options }), {
      name: "HalyardError",
      code: "INVALID_OPTIONS",
      message: /userAtributes/,
    });
  });

  check("bad definitions are refused at start", async (bench) => {
    const options = bench.options({ bad: { type: "boolean", rulez: [] } });
    await assert.rejects(async () => bench.start({ flags: options }), {
      code: "INVALID_DEFINITIONS",
    });
  });

  check("another property: guards find the client there", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { property: "features" }),
      property: "features",
      routes: [
        ...GUARDED,
        { path: "/read", handler: ({ flags }) => ({ json: { on: flags.enabled("on") } }) },
      ],
    });
    assert.deepEqual(await server.json("/read"), { on: true });
    assert.deepEqual(await server.json("/require"), { passed: true });
    assert.deepEqual(await server.json("/variant"), { passed: true });
    assert.equal((await server.send("/denied")).status, 403);
  });

  check("two instances, each with a property of its own", async (bench) => {
    const app = {
      flags: bench.flags({ on: true, which: { type: "string", default: "first" } }),
      more: bench.flags(
        { "only-second": true, which: { type: "string", default: "second" } },
        { property: "second" },
      ),
      routes: [
        {
          path: "/read",
          guards: [{ requirement: "on" }],
          handler: (({ flags }) => ({ json: { which: flags.value("which") ?? null } })) as Handler,
        },
        {
          path: "/second",
          guards: [{ requirement: "only-second", options: { property: "second" } }],
          handler: passed,
        },
        {
          path: "/second-variant",
          choice: {
            key: "only-second",
            handlers: { on: passed },
            options: { property: "second" },
          },
        },
        {
          path: "/third-variant",
          choice: { key: "on", handlers: { on: passed }, options: { property: "third" } },
        },
        {
          path: "/third",
          guards: [{ requirement: "only-second", options: { property: "third" } }],
          handler: passed,
        },
      ],
    };
    const first = await bench.start(app);
    const second = await bench.start({ ...app, property: "second" });
    assert.deepEqual(await first.json("/read"), { which: "first" });
    assert.deepEqual(await second.json("/read"), { which: "second" });
    assert.deepEqual(await first.json("/second"), { passed: true });
    assert.deepEqual(await first.json("/second-variant"), { passed: true });
    for (const path of ["/third", "/third-variant"]) {
      assert.deepEqual((await first.send(path)).body, { failed: "NO_INSTANCE" });
    }
    assert.deepEqual(bench.codes(), []);
  });

  check("two instances on one property are told of", async (bench) => {
    const app = {
      flags: bench.flags({ on: false }),
      more: bench.flags({ on: true }),
      routes: GUARDED,
    };
    if (bench.harness.differences.refusesSecondInstance !== undefined) {
      await assert.rejects(async () => bench.start(app), { code: "MISUSE" });
      return;
    }
    const server = await bench.start(app);
    assert.deepEqual(await server.json("/require"), { passed: true });
    await server.json("/require");
    assert.deepEqual(bench.codes(), ["HALYARD_TWO_INSTANCES"]);
  });
}
