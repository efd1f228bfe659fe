import { MemoryStore, type SubjectContents, type SubjectQuery } from "@halyard/core";
import { metrics } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { DataPointType, MeterProvider } from "@opentelemetry/sdk-metrics";
import { afterAll, beforeAll, expect, it } from "vitest";
import { read, tableBelow } from "../../../../test/readme/snippets.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";

class FaultyStore extends MemoryStore {
  override async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    if (query.user === "broken") throw new Error("connection reset");
    return super.readSubject(query);
  }
}

const reader = new PrometheusExporter({ preventServerStart: true });
const provider = new MeterProvider({ readers: [reader] });
let flags: Flags;
let collected: Awaited<ReturnType<typeof reader.collect>>;

beforeAll(async () => {
  metrics.setGlobalMeterProvider(provider);
  flags = createFlags({
    store: new FaultyStore({ flags: { beta: true } }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    telemetry: { signal: "metric" },
    metrics: { perFlag: true },
    analytics: { exporters: [{ name: "none", export: async () => {} }] },
  });
  await flags.ready();
  for (const userId of ["ann", "ann", "broken"]) {
    const client = flags.client({ userId });
    await client.ready();
    client.enabled("beta" as never);
    client.enabled("missing" as never);
  }
  const { meter } = (flags as FlagsInstance).telemetry;
  meter.refused("override_token", "signature");
  meter.overridden("token");
  collected = await reader.collect();
});

afterAll(async () => {
  metrics.disable();
  await provider.shutdown();
  await flags.close();
});

const COUNTER = [DataPointType.SUM, ""] as const;
const GAUGE = [DataPointType.GAUGE, ""] as const;
const SECONDS = [DataPointType.HISTOGRAM, "s"] as const;

const INSTRUMENTS: Readonly<Record<string, readonly [type: DataPointType, unit: string]>> = {
  "feature_flags.active.total": GAUGE,
  "feature_flags.cache.hits": COUNTER,
  "feature_flags.cache.max_size": GAUGE,
  "feature_flags.cache.misses": COUNTER,
  "feature_flags.cache.size": GAUGE,
  "feature_flags.evaluation": COUNTER,
  "feature_flags.evaluation.duration": SECONDS,
  "feature_flags.evaluation.errors": COUNTER,
  "feature_flags.events.dropped": COUNTER,
  "feature_flags.overridden_requests": COUNTER,
  "feature_flags.provider.connected": GAUGE,
  "feature_flags.provider.errors": COUNTER,
  "feature_flags.provider.latency": SECONDS,
  "feature_flags.refused": COUNTER,
  "feature_flags.total": GAUGE,
};

it("has instruments of these kinds and units, each described", () => {
  const found = collected.resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const actual = found.map(({ descriptor: { name, unit }, dataPointType }) => [
    name,
    [dataPointType, unit],
  ]);
  expect(actual.sort()).toEqual(Object.entries(INSTRUMENTS));
  expect(found.filter(({ descriptor }) => descriptor.description === "")).toEqual([]);
  expect(collected.errors).toEqual([]);
});

/** The names that a text in Prometheus' format has types of. */
function typed(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (feature_flags_\w+)/gm)].map(([, name = ""]) => name).sort();
}

it("is translated to the names of the Prometheus exporter", () => {
  const documented = tableBelow("packages/exporters/README.md", "Metrics")
    .filter(([, type]) => /^(counter|gauge|histogram)$/.test(type ?? ""))
    .map(([name]) => `feature_flags_${name}`);
  const translated = typed(new PrometheusSerializer().serialize(collected.resourceMetrics));
  // This exporter leaves units out of names; other translations put them in.
  const units = new Set(["feature_flags_evaluation_duration", "feature_flags_provider_latency"]);
  const whole = translated.map((name) => (units.has(name) ? `${name}_seconds` : name));
  expect(whole).toEqual(documented.sort());
  expect(read("packages/server/README.md")).toContain("without `_seconds`");
});
