import {
  createFlags,
  defineFlags,
  type Flags,
  type FlagsOptions,
  type HttpRequest,
  MemoryStore,
  type MetricsOptions,
} from "@halyard/server";
import { Registry } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import {
  FINE_BUCKETS,
  metricsEndpoint,
  type PrometheusExporter,
  prometheus,
} from "./prometheus.ts";

const definitions = defineFlags({
  beta: true,
  gone: { type: "boolean", enabled: false },
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  price: { type: "number", default: 9.5 },
});

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(metrics: MetricsOptions, options: FlagsOptions = {}): Flags {
  const flags = createFlags({
    sources: [definitions],
    environment: "test",
    metrics,
    ...options,
  });
  opened.push(flags);
  return flags;
}

/** The lines of the metrics whose names begin like this. */
async function lines({ registry }: PrometheusExporter, beginning: string): Promise<string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(beginning));
}

describe("the metrics", () => {
  it("have the names, types, labels and buckets of the contract", async () => {
    const exporter = prometheus();
    const store = new MemoryStore({ flags: { beta: true } });
    const flags = make({ exporter, perFlag: true }, { sources: [], store });
    await flags.ready();
    for (const userId of ["u", "u"]) {
      const client = flags.client({ userId });
      await client.ready();
      client.enabled("beta" as never);
      client.enabled("missing" as never);
    }
    store.readSubject = async () => {
      throw new Error("connection refused");
    };
    await flags.client({ userId: "v" }).ready();
    const metrics = await exporter.registry.getMetricsAsJSON();
    const seen = metrics.map(({ name, type, values }) => {
      const labels = values.flatMap((value) => Object.keys(value.labels));
      return [name, type, [...new Set(labels)].toSorted()];
    });
    expect(seen.toSorted()).toEqual([
      ["feature_flags_active_total", "gauge", []],
      ["feature_flags_cache_hits_total", "counter", ["cache"]],
      ["feature_flags_cache_max_size", "gauge", []],
      ["feature_flags_cache_misses_total", "counter", ["cache"]],
      ["feature_flags_cache_size", "gauge", []],
      ["feature_flags_evaluation_duration_seconds", "histogram", ["flag_key", "le", "reason"]],
      ["feature_flags_evaluation_errors_total", "counter", ["error_type", "flag_key"]],
      ["feature_flags_evaluation_total", "counter", ["flag_key", "reason", "value"]],
      ["feature_flags_events_dropped_total", "counter", []],
      ["feature_flags_overridden_requests_total", "counter", []],
      ["feature_flags_provider_connected", "gauge", []],
      ["feature_flags_provider_errors_total", "counter", ["error_type", "operation", "provider"]],
      ["feature_flags_provider_latency_seconds", "histogram", ["le", "operation", "provider"]],
      ["feature_flags_refused_total", "counter", []],
      ["feature_flags_total", "gauge", []],
    ]);
    const buckets = await lines(exporter, "feature_flags_evaluation_duration_seconds_bucket");
    expect(buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual(
      ".001 .005 .01 .025 .05 .1 .25 .5 1 +Inf".split(" ").map((le) => le.replace(/^\./, "0.")),
    );
  });

  it("count the events of analytics that are lost, by exporter and reason", async () => {
    const exporter = prometheus();
    const broken = {
      name: "broken",
      export: async () => {
        throw new Error("it burns");
      },
    };
    const flags = make({ exporter }, { analytics: { exporters: [broken] } });
    const dropped = async () => {
      const found = await lines(exporter, "feature_flags_events_dropped_total");
      return Object.fromEntries(found.map((line) => line.split(/\w+_total\{|\} /).slice(1)));
    };
    const none = {
      'exporter="",reason="queue_full"': "0",
      'exporter="",reason="invalid"': "0",
      'exporter="",reason="closed"': "0",
      'exporter="broken",reason="queue_full"': "0",
      'exporter="broken",reason="failed"': "0",
      'exporter="broken",reason="closed"': "0",
    };
    expect(await dropped()).toEqual(none);
    flags.client({ targetingKey: "ann" }).track("bought");
    flags.client({ targetingKey: "ann" }).track("bought again");
    await flags.analytics.flush();
    expect(await dropped()).toEqual({ ...none, 'exporter="broken",reason="failed"': "2" });
    expect(await dropped()).toEqual({ ...none, 'exporter="broken",reason="failed"': "2" });
  });

  it("count what requests brought along, heeded or not", async () => {
    const exporter = prometheus();
    make({ exporter });
    exporter.recordRefusal({ what: "override_token", reason: "expired" });
    exporter.recordRefusal({ what: "override_token", reason: "expired" });
    exporter.recordOverriddenRequest({ origin: "url" });
    expect(await lines(exporter, "feature_flags_refused_total")).toEqual([
      'feature_flags_refused_total{what="override_token",reason="expired"} 2',
    ]);
    expect(await lines(exporter, "feature_flags_overridden_requests_total")).toEqual([
      'feature_flags_overridden_requests_total{origin="url"} 1',
    ]);
  });

  it("count by reason and value, and errors by type", async () => {
    const exporter = prometheus();
    const flags = make({ exporter, perFlag: true });
    const client = flags.client();
    for (let round = 0; round < 3; round++) client.enabled("beta");
    client.value("layout");
    client.value("price");
    client.enabled("gone");
    client.enabled("layout" as never);
    client.value("missing" as never, "mine" as never);
    expect(await lines(exporter, "feature_flags_evaluation_total")).toEqual([
      'feature_flags_evaluation_total{flag_key="beta",reason="STATIC",value="true"} 3',
      'feature_flags_evaluation_total{flag_key="layout",reason="STATIC",value="wide"} 1',
      'feature_flags_evaluation_total{flag_key="price",reason="STATIC",value=""} 1',
      'feature_flags_evaluation_total{flag_key="gone",reason="DISABLED",value="false"} 1',
      'feature_flags_evaluation_total{flag_key="layout",reason="ERROR",value=""} 1',
      'feature_flags_evaluation_total{flag_key="missing",reason="ERROR",value=""} 1',
    ]);
    expect(await lines(exporter, "feature_flags_evaluation_errors_total")).toEqual([
      'feature_flags_evaluation_errors_total{flag_key="layout",error_type="TYPE_MISMATCH"} 1',
      'feature_flags_evaluation_errors_total{flag_key="missing",error_type="FLAG_NOT_FOUND"} 1',
    ]);
    expect(await lines(exporter, "feature_flags_total")).toEqual(["feature_flags_total 4"]);
    expect(await lines(exporter, "feature_flags_active_total")).toEqual([
      "feature_flags_active_total 3",
    ]);
  });

  it("name no flag unless asked, and only so many when asked", async () => {
    const plain = prometheus();
    const capped = prometheus();
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, true]));
    const sources = [{ flags: many }];
    for (const flags of [
      make({ exporter: plain }, { sources }),
      make({ exporter: capped, perFlag: true }, { sources, telemetry: { maxKeys: 10 } }),
    ]) {
      for (const key of Object.keys(many)) flags.client().enabled(key as never);
      for (let index = 0; index < 5000; index++) {
        flags.client().enabled(`crawled-${index}` as never);
      }
    }
    expect(await lines(plain, "feature_flags_evaluation_total")).toEqual([
      'feature_flags_evaluation_total{reason="STATIC",value="true"} 50',
      'feature_flags_evaluation_total{reason="ERROR",value=""} 5000',
    ]);
    const named = await lines(capped, "feature_flags_evaluation_total");
    expect(named).toHaveLength(10 + 1 + 1 + 1);
    expect(named).toContain(
      'feature_flags_evaluation_total{flag_key="_other",reason="STATIC",value="true"} 40',
    );
    expect(named).toContain(
      'feature_flags_evaluation_total{flag_key="_other",reason="ERROR",value=""} 4999',
    );
  });

  it("know the cache of subjects and the calls of the store", async () => {
    const exporter = prometheus();
    const store = new MemoryStore({ flags: { beta: true } });
    const flags = make({ exporter }, { sources: [], store, subjects: { deadline: 5 } });
    await flags.ready();
    for (const userId of ["u", "u", "v"]) await flags.client({ userId }).ready();
    store.readSubject = () => new Promise(() => {});
    await flags.client({ userId: "w" }).ready();
    const failed = async () => {
      const all = await lines(exporter, "feature_flags_provider_errors_total");
      return all.filter((line) => !line.endsWith(" 0"));
    };
    await expect
      .poll(failed, { interval: 1 })
      .toEqual([
        'feature_flags_provider_errors_total{provider="memory",operation="read_subject",error_type="TIMEOUT"} 1',
      ]);
    expect(await lines(exporter, "feature_flags_cache")).toEqual([
      'feature_flags_cache_hits_total{cache="subjects"} 1',
      'feature_flags_cache_misses_total{cache="subjects"} 3',
      "feature_flags_cache_size 2",
      "feature_flags_cache_max_size 10000",
    ]);
    expect(await lines(exporter, "feature_flags_provider_latency_seconds_count")).toEqual([
      'feature_flags_provider_latency_seconds_count{provider="memory",operation="read"} 1',
      'feature_flags_provider_latency_seconds_count{provider="memory",operation="read_subject"} 2',
    ]);
    expect(await lines(exporter, "feature_flags_provider_connected")).toEqual([
      "feature_flags_provider_connected 1",
    ]);
  });

  it("have finer buckets where they are wanted", async () => {
    const exporter = prometheus({ buckets: FINE_BUCKETS });
    make({ exporter }).client().enabled("beta");
    expect(await lines(exporter, "feature_flags_evaluation_duration_seconds_bucket")).toHaveLength(
      FINE_BUCKETS.length + 1,
    );
  });

  it("are there as calls, too", async () => {
    const exporter = prometheus();
    make({ exporter });
    exporter.recordEvaluation({ key: "a", reason: "STATIC", value: "true", duration: 0.002 });
    exporter.recordEvaluation({ key: "a", reason: "STATIC", value: "true" });
    exporter.recordError({ key: "a", type: "GENERAL" });
    expect(await lines(exporter, "feature_flags_evaluation_total")).toEqual([
      'feature_flags_evaluation_total{flag_key="a",reason="STATIC",value="true"} 2',
    ]);
    expect(await lines(exporter, "feature_flags_evaluation_errors_total")).toEqual([
      'feature_flags_evaluation_errors_total{flag_key="a",error_type="GENERAL"} 1',
    ]);
    expect(await lines(exporter, "feature_flags_evaluation_duration_seconds_count")).toEqual([
      'feature_flags_evaluation_duration_seconds_count{flag_key="a",reason="STATIC"} 1',
    ]);
  });
});

describe("the exporter", () => {
  it("registers where it is told, under the namespace that it is told", async () => {
    const registry = new Registry();
    const exporter = prometheus({ registry });
    make({ exporter, namespace: "shop" }).client().enabled("beta");
    expect(await registry.metrics()).toContain("shop_evaluation_total{");
    const other = prometheus({ registry });
    expect(() => make({ exporter: other, namespace: "shop" })).toThrow(/begin with "shop" already/);
    make({ exporter: other, namespace: "other_shop" });
  });

  it("is of one instance at a time, and can be used again", async () => {
    const exporter = prometheus();
    const first = make({ exporter });
    first.client().enabled("beta");
    expect(() => make({ exporter })).toThrow(/is of one instance/);
    await first.close();
    make({ exporter }).client().enabled("gone");
    expect(await lines(exporter, "feature_flags_evaluation_total")).toEqual([
      'feature_flags_evaluation_total{reason="DISABLED",value="false"} 1',
    ]);
  });

  it("can be used again when an instance could not be made", () => {
    const exporter = prometheus();
    const bad = [{ flags: { beta: { percentage: 250 } } }];
    expect(() => make({ exporter }, { sources: bad })).toThrow(/percentage/);
    make({ exporter });
  });

  it("records nothing where metrics are switched off", async () => {
    const exporter = prometheus();
    make({ exporter, enabled: false }).client().enabled("beta");
    expect((await exporter.registry.metrics()).trim()).toBe("");
  });

  it.each([
    [{ buckets: [] }, /"buckets" must be a list of seconds/],
    [{ buckets: [1, 1] }, /"buckets" must be a list of seconds/],
    [{ prefix: "a" }, /no option "prefix"/],
  ])("refuses %j", (options, message) => {
    expect(() => prometheus(options as never)).toThrow(message);
  });
});

describe("the endpoint", () => {
  const ask = (exporter: PrometheusExporter, method: string, path: string) =>
    metricsEndpoint(exporter).handle({ method, path } as HttpRequest);

  it("answers in Prometheus' format", async () => {
    const exporter = prometheus();
    make({ exporter }).client().enabled("beta");
    const { status, headers, body } = await ask(exporter, "GET", "/");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toContain('feature_flags_evaluation_total{reason="STATIC",value="true"} 1');
    expect(await ask(exporter, "POST", "/")).toMatchObject({ status: 405 });
    expect(await ask(exporter, "GET", "/other")).toMatchObject({ status: 404 });
  });

  it("is made of an exporter", () => {
    expect(() => metricsEndpoint(undefined as never)).toThrow(/takes the exporter/);
  });
});
