import type { FlagClient } from "@halyard/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startLogs, startMetrics } from "../../../../test/support/telemetry.ts";
import { tracing } from "../../../../test/support/tracing.ts";
import { createFlags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import { OTHER } from "./key-cap.ts";
import type { TelemetryOptions } from "./options.ts";

// What clients can make signals hold: keys without end, and texts as long as they like.

const MEGABYTE = "x".repeat(1_000_000);
const CRAWLED = 100_000;
const MAX_KEYS = 100;

let spans: ReturnType<typeof tracing.start>;
let logs: ReturnType<typeof startLogs>;
let metrics: ReturnType<typeof startMetrics>;
let flags: FlagsInstance | undefined;

beforeEach(() => {
  spans = tracing.start();
  logs = startLogs();
  metrics = startMetrics();
});

afterEach(async () => {
  spans.end();
  logs.end();
  await metrics.end();
  await flags?.close();
});

/** Reads with every signal on, in a request of somebody with a very long id. */
function record(telemetry: TelemetryOptions, read: (client: FlagClient) => void): void {
  flags = createFlags({
    sources: [
      {
        flags: {
          beta: true,
          long: { type: "string", default: MEGABYTE },
          object: { type: "json", default: { long: MEGABYTE } },
        },
      },
    ],
    environment: "test",
    telemetry: {
      signal: ["span", "spanEvent", "event", "metric"],
      maxKeys: MAX_KEYS,
      contextId: "plain",
      recordValues: true,
      ...telemetry,
    },
    metrics: { perFlag: true },
  }) as FlagsInstance;
  const instance = flags;
  spans.inSpan("request", (end) => {
    const recorder = instance.telemetry.requestRecorder({ knownKey: () => MEGABYTE });
    read(instance.clientFor({ targetingKey: MEGABYTE }, recorder));
    end();
  });
}

type Attributes = Readonly<Record<string, unknown>>;

/** The attributes of everything that was left. */
async function everything(): Promise<readonly Attributes[]> {
  const points = [...(await metrics.collect()).values()].flat();
  return [...spans.spans(), ...logs.records(), ...points].map(({ attributes }) => attributes);
}

function keysOf(all: readonly Attributes[]): ReadonlySet<unknown> {
  return new Set(all.map((attributes) => attributes["feature_flag.key"]));
}

it("a crawler's 100,000 keys become a handful, and crowd out no flag", {
  timeout: 60_000,
}, async () => {
  record({}, (client) => {
    for (let index = 0; index < CRAWLED; index++) client.enabled(`crawled-${index}` as never);
    client.enabled("beta" as never);
  });
  const points = (await metrics.collect()).get("feature_flags.evaluation") ?? [];
  expect(points.length).toBeLessThanOrEqual(MAX_KEYS / 10 + 2);
  const total = points.reduce((sum, { value }) => sum + Number(value), 0);
  expect(total).toBe(CRAWLED + 1);
  const keys = keysOf(await everything());
  expect(keys.size).toBeLessThanOrEqual(MAX_KEYS / 10 + 3);
  expect([keys.has("beta"), keys.has(OTHER)]).toEqual([true, true]);
  expect(spans.spans().length).toBeLessThanOrEqual(33);
});

it("texts of a megabyte are cut wherever they come from", async () => {
  record({}, (client) => {
    client.value("long" as never);
    client.value("object" as never);
    client.enabled(MEGABYTE as never);
    client.string("beta" as never, MEGABYTE);
    client.enabled("long" as never);
  });
  const all = await everything();
  expect(all.length).toBeGreaterThan(10);
  for (const attributes of all) {
    for (const [name, value] of Object.entries(attributes)) {
      expect(String(value).length, name).toBeLessThanOrEqual(257);
    }
  }
  const names = new Set(all.flatMap((attributes) => Object.keys(attributes)));
  expect(names).toContain("feature_flag.result.value");
  expect(names).toContain("feature_flag.context.id");
});

it("a list of allowed attributes holds for every signal, and what is not in it is not there", async () => {
  record({ attributes: ["feature_flag.result.reason"] }, (client) => {
    client.value("long" as never);
    client.enabled("missing" as never);
    client.string("beta" as never, "");
  });
  const left = [...spans.spans(), ...logs.records()].map(({ attributes }) => attributes);
  const names = new Set(left.flatMap((attributes) => Object.keys(attributes)));
  expect([...names].sort()).toEqual(["feature_flag.key", "feature_flag.result.reason"]);
  expect(JSON.stringify(left)).not.toContain("xxx");
});
