import assert from "node:assert/strict";
import { MemoryAssignments } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";
import type { AppDescription } from "./harness.ts";

const USERS = Array.from({ length: 20 }, (_, index) => `user-${index}`);

const ROUTES: AppDescription["routes"] = [
  {
    path: "/checkout",
    handler: ({ flags }) => ({ json: { checkout: flags.value("checkout" as never) } }),
  },
  {
    path: "/guarded",
    guards: [{ requirement: "checkout", options: { variant: "b" } }],
    handler: () => ({ json: {} }),
  },
];

async function serverOf(
  bench: Bench,
  a: number,
  assignments: MemoryAssignments,
  at: "before" | "after" = "before",
): Promise<Server> {
  const rollout = { weights: { a, b: 100 - a }, experiment: true };
  const flag = { variants: { a: "a", b: "b" }, fallthrough: { rollout } };
  return bench.start({
    flags: bench.flags({ checkout: flag }, { assignments }),
    authentication: {
      at,
      user: (headers) => (headers["x-user"] === undefined ? undefined : { id: headers["x-user"] }),
    },
    routes: ROUTES,
  });
}

async function everybody(server: Server): Promise<unknown[]> {
  const served: unknown[] = [];
  for (const user of USERS) {
    served.push(await server.json("/checkout", { headers: { "x-user": user } }));
  }
  return served;
}

async function stored(assignments: MemoryAssignments): Promise<unknown[]> {
  const found = await assignments.load(USERS);
  return found.map((variants) => ({ checkout: variants.get("checkout:checkout") }));
}

export function assignmentTests(check: Check): void {
  check("assignments: another server's are there for the first read", async (bench) => {
    const assignments = new MemoryAssignments();
    const units = USERS.map((unit, index) => ({
      unit,
      experiment: "checkout:checkout",
      variant: index % 2 === 0 ? "a" : "b",
    }));
    await assignments.assign(units);
    const server = await serverOf(bench, 1, assignments);
    const wanted = units.map(({ variant }) => ({ checkout: variant }));
    assert.deepEqual(await everybody(server), wanted);
    assert.deepEqual(await stored(assignments), wanted);
    assert.deepEqual(bench.codes(), []);
  });

  check(
    "assignments: guards load whoever was authenticated after the middleware",
    async (bench) => {
      const assignments = new MemoryAssignments();
      await assignments.assign([{ unit: "ann", experiment: "checkout:checkout", variant: "b" }]);
      const server = await serverOf(bench, 99, assignments, "after");
      const ann = { headers: { "x-user": "ann" } };
      assert.equal((await server.send("/guarded", ann)).status, 200);
      assert.deepEqual(bench.codes(), []);
    },
  );
}
