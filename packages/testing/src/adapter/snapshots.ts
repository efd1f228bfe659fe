import assert from "node:assert/strict";
import { type Flags, MemoryStore } from "@halyard/server";
import { type Bench, type Check, deferred, type Server } from "./bench.ts";

const ACTOR = { id: "ops", type: "person" };

interface SlowRequest {
  readonly server: Server;
  readonly flags: Flags;
  /** Resolves when the handler has read the flag once. */
  readonly entered: Promise<void>;
  readonly release: () => void;
}

/** A route that reads a flag, waits, reads it again, refreshes and reads it a third time. */
async function slowRoute(bench: Bench): Promise<SlowRequest> {
  const entered = deferred();
  const released = deferred();
  const store = new MemoryStore({ flags: { "new-checkout": true } });
  const flags = bench.flags({}, { sources: [store] });
  const server = await bench.start({
    flags,
    routes: [
      {
        path: "/slow",
        guards: [{ requirement: "new-checkout" }],
        handler: async ({ flags: client }) => {
          const first = client.enabled("new-checkout");
          entered.resolve();
          await released.promise;
          const second = client.enabled("new-checkout");
          client.refresh();
          return { json: { first, second, refreshed: client.enabled("new-checkout") } };
        },
      },
      {
        path: "/quick",
        handler: ({ flags: client }) => ({ json: { value: client.enabled("new-checkout") } }),
      },
    ],
  });
  return { server, flags, entered: entered.promise, release: released.resolve };
}

const CHANGES: Readonly<Record<string, (flags: Flags) => Promise<unknown>>> = {
  "a change of the definition": (flags) =>
    flags.definitions.put("new-checkout", { type: "boolean", enabled: false }),
  "a kill": (flags) => flags.overrides.kill("new-checkout", { actor: ACTOR, reason: "burning" }),
};

export function snapshotTests(check: Check): void {
  for (const [name, change] of Object.entries(CHANGES)) {
    check(`one request sees one snapshot: ${name} meanwhile`, async (bench) => {
      const { server, flags, entered, release } = await slowRoute(bench);
      const slow = server.json("/slow");
      await entered;
      await change(flags);
      assert.deepEqual(await server.json("/quick"), { value: false });
      release();
      assert.deepEqual(await slow, { first: true, second: true, refreshed: false });
      assert.equal((await server.send("/slow")).status, 404);
    });
  }

  check("a kill that is taken back is gone for the next request", async (bench) => {
    const { server, flags } = await slowRoute(bench);
    await flags.overrides.kill("new-checkout", { actor: ACTOR, reason: "burning" });
    assert.deepEqual(await server.json("/quick"), { value: false });
    await flags.overrides.restore("new-checkout", { actor: ACTOR });
    assert.deepEqual(await server.json("/quick"), { value: true });
  });
}
