import { defineFlags, MemoryStore } from "@halyard/core";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { afterEach, expect, it } from "vitest";
import { startMetrics } from "../../../../test/support/telemetry.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import type { FlagsOptions } from "../instance/options.ts";

const definitions = defineFlags({
  beta: true,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  price: { type: "number", default: 9.5 },
});

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

function make(options: FlagsOptions = {}): Flags {
  const telemetry = { signal: "metric" } as const;
  const flags = createFlags({ sources: [definitions], environment: "test", telemetry, ...options });
  endings.push(() => flags.close());
  return flags;
}

it("counts by the conventions' attributes, from when an SDK is registered", async () => {
  const flags = make({ metrics: { perFlag: true } });
  flags.client().enabled("beta");
  const sdk = startMetrics();
  endings.push(sdk.end);
  flags.client().enabled("beta");
  flags.client().enabled("beta");
  flags.client().value("layout");
  flags.client().enabled("missing");
  const collected = await sdk.collect();
  expect(collected.get("feature_flags.evaluation")).toMatchObject([
    {
      value: 2,
      attributes: {
        [conventions.ATTR_FEATURE_FLAG_KEY]: "beta",
        [conventions.ATTR_FEATURE_FLAG_RESULT_REASON]: "static",
        [conventions.ATTR_FEATURE_FLAG_RESULT_VALUE]: true,
      },
    },
    {
      value: 1,
      attributes: {
        [conventions.ATTR_FEATURE_FLAG_KEY]: "layout",
        [conventions.ATTR_FEATURE_FLAG_RESULT_REASON]: "static",
        [conventions.ATTR_FEATURE_FLAG_RESULT_VARIANT]: "wide",
      },
    },
    {
      value: 1,
      attributes: {
        [conventions.ATTR_FEATURE_FLAG_KEY]: "missing",
        [conventions.ATTR_ERROR_TYPE]: "flag_not_found",
      },
    },
  ]);
  expect(collected.get("feature_flags.evaluation.errors")).toMatchObject([{ value: 1 }]);
  expect(collected.get("feature_flags.total")).toMatchObject([{ value: 3 }]);
  expect(collected.get("feature_flags.active.total")).toMatchObject([{ value: 3 }]);
  expect(collected.get("feature_flags.provider.connected")).toMatchObject([{ value: 1 }]);
});

it("has neither keys nor anything else of a flag unless asked, and stops with the instance", async () => {
  const sdk = startMetrics();
  endings.push(sdk.end);
  const flags = make();
  for (let index = 0; index < 50; index++) flags.client().enabled(`crawled-${index}` as never);
  const points = (await sdk.collect()).get("feature_flags.evaluation");
  expect(points).toMatchObject([{ value: 50 }]);
  expect(points![0]!.attributes).not.toHaveProperty("feature_flag.key");
  await flags.close();
  flags.client().enabled("crawled-0" as never);
  expect((await sdk.collect()).get("feature_flags.evaluation")).toMatchObject([{ value: 50 }]);
});

it("counts subjects in the cache, and calls of the store", async () => {
  const sdk = startMetrics();
  endings.push(sdk.end);
  const store = new MemoryStore({ flags: { beta: true } });
  const flags = make({ sources: [], store });
  flags.client();
  for (const userId of ["u", "u", "v"]) await flags.client({ userId }).ready();
  const collected = await sdk.collect();
  expect(collected.get("feature_flags.cache.hits")).toMatchObject([{ value: 1 }]);
  expect(collected.get("feature_flags.cache.misses")).toMatchObject([{ value: 2 }]);
  expect(collected.get("feature_flags.cache.size")).toMatchObject([{ value: 2 }]);
  expect(collected.get("feature_flags.provider.latency")).toMatchObject([
    {
      value: { count: 2 },
      attributes: {
        "halyard.source.name": "memory",
        "halyard.source.operation": "read_subject",
      },
    },
  ]);
});

it("counts what requests brought along, heeded or not", async () => {
  const sdk = startMetrics();
  endings.push(sdk.end);
  const flags = make() as FlagsInstance;
  flags.client();
  flags.telemetry.meter.refused("override_token", "expired");
  flags.telemetry.meter.overridden("token");
  const collected = await sdk.collect();
  expect(collected.get("feature_flags.refused")).toMatchObject([
    {
      value: 1,
      attributes: {
        "halyard.refused.what": "override_token",
        "halyard.refused.reason": "expired",
      },
    },
  ]);
  expect(collected.get("feature_flags.overridden_requests")).toMatchObject([
    { value: 1, attributes: { "halyard.override.origin": "token" } },
  ]);
});
