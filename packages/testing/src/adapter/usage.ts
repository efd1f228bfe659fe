import assert from "node:assert/strict";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler } from "./harness.ts";

const read: Handler = ({ flags }) => ({ json: { on: flags.enabled("on") } });

export function usageTests(check: Check): void {
  check("usage() tells on which routes flags are read, by their patterns", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { usage: true }),
      routes: [
        { path: "/users/:id", handler: read },
        { path: "/users", method: "post", handler: read },
        { path: "/guarded", guards: [{ requirement: "on" }], handler: () => ({ json: {} }) },
      ],
    });
    for (const id of ["1", "2", "%2F..%2Fsecret"]) await server.json(`/users/${id}?ff=1`);
    await server.send("/users", { method: "post" });
    await server.json("/guarded");
    await server.send("/nowhere");
    const usage = server.running.instance?.usage().flags.find(({ key }) => key === "on");
    const routes = usage?.routes.map(({ method, route, reads }) => [`${method} ${route}`, reads]);
    assert.deepEqual(routes?.sort(), [
      ["GET /guarded", 1],
      ["GET /users/:id", 3],
      ["POST /users", 1],
    ]);
    assert.deepEqual(usage?.guards, ["GET /guarded"]);
    assert.equal(usage?.reads, 5);
  });
}
