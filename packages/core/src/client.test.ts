import { inspect } from "node:util";
import { expect, it } from "vitest";
import { FlagClient } from "./client.ts";
import type { ClientHost } from "./client-host.ts";
import { loadDocument } from "./definition/load.ts";
import type { LazyContext } from "./evaluation/context.ts";
import { compileSnapshot } from "./snapshot.ts";
import { runToEnd } from "./steps.ts";

const DOCUMENT = {
  flags: {
    due: {
      type: "boolean",
      schedule: [{ from: "2024-01-01T00:00:00Z", percentage: 100 }],
    },
    pro: {
      type: "boolean",
      rules: [{ id: "p", when: [{ attribute: "plan", op: "eq", values: ["pro"] }] }],
    },
    "secret-plan": true,
  },
};

function hostAt(clock: () => number): ClientHost {
  const snapshot = runToEnd(compileSnapshot(loadDocument(DOCUMENT), { clock }));
  return { snapshot, defaultEnabled: false, track() {} };
}

it("gives nothing away where requests are logged or answered with", () => {
  const client = new FlagClient(hostAt(Date.now), { email: "ann@acme.example" });
  expect(JSON.stringify({ flags: client })).toBe('{"flags":{}}');
  expect(inspect(client, { depth: 9 })).toBe("FlagClient {}");
  expect(Object.keys(client)).toEqual([]);
});

it("reads other attributes after load, when they are others, at the same time", async () => {
  let now = Date.parse("2023-12-31T00:00:00Z");
  let plan = "free";
  let generation = 0;
  const context: LazyContext = {
    attribute: (name) => (name === "plan" ? plan : undefined),
    load: () => undefined,
    toJSON: () => ({ plan }),
    get generation() {
      return generation;
    },
  };
  const client = new FlagClient(
    hostAt(() => now),
    context,
  );
  expect([client.enabled("due"), client.enabled("pro")]).toEqual([false, false]);
  now = Date.parse("2024-01-02T00:00:00Z");
  plan = "pro";
  await client.ready();
  expect([client.enabled("due"), client.enabled("pro")]).toEqual([false, false]);
  generation++;
  await client.ready();
  expect([client.enabled("due"), client.enabled("pro")]).toEqual([false, true]);
});
