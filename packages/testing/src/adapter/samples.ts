import assert from "node:assert/strict";
import { type ChangeReport, type Flags, MemoryStore } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";

const RULE = { id: "pro", when: { attribute: "plan", op: "eq", values: ["pro"] } };
const FLAGS = { plain: { enabled: false }, pro: { enabled: true, rules: [RULE] } };

interface Setting {
  readonly flags: Flags;
  readonly server: Server;
}

async function setting(
  bench: Bench,
  at: "before" | "after",
  store: MemoryStore | undefined,
): Promise<Setting> {
  const sources = store === undefined ? [{ flags: FLAGS } as never] : [];
  const flags = bench.flags(
    {},
    { sources, store, sample: true, userAttributes: ["plan"], anonymous: true },
  );
  const server = await bench.start({
    flags,
    authentication: {
      at,
      user: ({ "x-user": id }) => (id === undefined ? undefined : { id, plan: "pro" }),
    },
    routes: [
      { path: "/none", handler: () => ({ json: {} }) },
      { path: "/plain", handler: ({ flags }) => ({ json: { on: flags.enabled("plain") } }) },
      { path: "/pro", handler: ({ flags }) => ({ json: { on: flags.enabled("pro") } }) },
    ],
  });
  return { flags, server };
}

const stored = (): MemoryStore => new MemoryStore({ flags: FLAGS });

function tryOut({ flags }: Setting): Promise<ChangeReport> {
  const definition = { enabled: true, percentage: 100 };
  return flags.change([{ what: "flag", op: "put", key: "plain", definition }], { dryRun: true });
}

export function sampleTests(check: Check): void {
  check("sample: those who read flags are in it, each once, and nobody else", async (bench) => {
    const whole = await setting(bench, "before", stored());
    for (const path of ["/none", "/plain", "/pro", "/pro"]) {
      for (const user of ["ann", "ben"]) {
        const name = path === "/none" ? `${user}-who-reads-nothing` : user;
        await whole.server.json(path, { headers: { "x-user": name } });
      }
    }
    const { sample } = await tryOut(whole);
    assert.deepEqual(sample, {
      size: 2,
      changed: 2,
      flags: [
        {
          key: "plain",
          changed: 2,
          transitions: [
            {
              from: { variant: "off", value: false },
              to: { variant: "on", value: true },
              count: 2,
            },
          ],
        },
      ],
      unsampled: [],
    });
  });

  check("sample: taking it gives no visitor an id, and settles nobody", async (bench) => {
    for (const store of [undefined, stored()]) {
      const { server } = await setting(bench, "after", store);
      const first = await server.send("/pro", { headers: { "x-user": "ann" } });
      assert.deepEqual(first.body, { on: true });
      const visitor = await server.send("/plain");
      if (store === undefined) assert.deepEqual(visitor.cookies, []);
    }
  });

  check("sample: without the option there is none", async (bench) => {
    const flags = bench.flags({}, { sources: [], store: stored() });
    const server = await bench.start({
      flags,
      routes: [
        { path: "/plain", handler: ({ flags: own }) => ({ json: { on: own.enabled("plain") } }) },
      ],
    });
    await server.json("/plain");
    assert.equal((await tryOut({ flags, server })).sample, undefined);
  });
}
