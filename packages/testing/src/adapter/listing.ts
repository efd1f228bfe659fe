import assert from "node:assert/strict";
import type { GuardedRoute } from "@halyard/server";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler, RouteDescription } from "./harness.ts";

const passed: Handler = () => ({ json: {} });

const ROUTES: readonly RouteDescription[] = [
  { path: "/open", handler: passed },
  { path: "/items/:id", guards: [{ requirement: "on" }], handler: passed },
  {
    path: "/items",
    method: "post",
    guards: [{ requirement: { any: ["off", "other-off"] } }],
    handler: passed,
  },
  { path: "/page", choice: { key: "layout", handlers: { wide: passed } } },
];

const LISTED = [
  { flags: ["layout"], kind: "variant", method: "GET", route: "/page", hits: 1 },
  { flags: ["off", "other-off"], kind: "require", method: "POST", route: "/items", hits: 1 },
  { flags: ["on"], kind: "require", method: "GET", route: "/items/:id", hits: 2 },
];

function sorted(routes: readonly GuardedRoute[]) {
  return [...routes]
    .map(({ lastSeen: _seen, ...rest }) => rest)
    .sort((a, b) => (String(a.flags) < String(b.flags) ? -1 : 1));
}

export function listingTests(check: Check): void {
  check("guards() lists which flags guard which routes, with hits", async (bench) => {
    const flags = bench.flags(DEFINITIONS);
    const before = Date.now();
    const server = await bench.start({ flags, routes: ROUTES });
    const unseen = LISTED.map((route) => ({ ...route, hits: 0 }));
    const eager = bench.harness.differences.listsRoutesAtStart !== undefined;
    assert.deepEqual(sorted(flags.guards()), eager ? unseen : []);
    assert.ok(flags.guards().every(({ lastSeen }) => lastSeen === undefined));

    await server.send("/open");
    await server.send("/items/1");
    await server.send("/items/2?x=1");
    assert.equal((await server.send("/items", { method: "post" })).status, 404);
    await server.send("/page");
    assert.deepEqual(sorted(flags.guards()), LISTED);
    for (const { lastSeen = 0 } of flags.guards()) {
      assert.ok(lastSeen >= before && lastSeen <= Date.now());
    }
  });

  check("guards() of one instance knows nothing of another's", async (bench) => {
    const [first, second] = [bench.flags(DEFINITIONS), bench.flags(DEFINITIONS)];
    const server = await bench.start({ flags: first, routes: ROUTES });
    await server.send("/items/1");
    assert.equal(first.guards().find(({ route }) => route === "/items/:id")?.hits, 1);
    assert.deepEqual(second.guards(), []);
  });
}
