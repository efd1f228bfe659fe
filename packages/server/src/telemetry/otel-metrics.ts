import type { EvaluationSeries, MeasuredInstance, Metrics } from "@halyard/core";
import type { Attributes, Histogram, Meter, ObservableResult } from "@opentelemetry/api";
import { ERROR_TYPE, KEY, REASON, SOURCE, VALUE, VARIANT } from "./attributes.ts";

const CACHE = "halyard.cache.name";
const OPERATION = "halyard.source.operation";
const REFUSED = "halyard.refused.what";
const REFUSAL_REASON = "halyard.refused.reason";
const EXPORTER = "halyard.exporter.name";
const LOSS_REASON = "halyard.events.dropped.reason";
const ORIGIN = "halyard.override.origin";

/**
 * Metrics through OpenTelemetry's API. No metrics of flags are standardised: names are such that
 * its translation for Prometheus gives those of the Prometheus exporter, attributes are those of
 * the conventions.
 */
export class OpenTelemetryMetrics implements Metrics {
  readonly #meter: Meter;
  readonly #counted = new Map<EvaluationSeries, Attributes>();
  readonly #hits = new Map<string, number>();
  readonly #misses = new Map<string, number>();
  #durations: Histogram | undefined;
  #latencies: Histogram | undefined;
  #providerErrors: ReturnType<Meter["createCounter"]> | undefined;
  #refusals: ReturnType<Meter["createCounter"]> | undefined;
  #overridden: ReturnType<Meter["createCounter"]> | undefined;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  readonly series: NonNullable<Metrics["series"]> = {
    add: (series) => {
      this.#counted.set(series, attributesOf(series));
    },
    timed: (series, duration) => {
      const { key, reason } = series;
      this.#durations?.record(duration, { ...withKey(key), [REASON]: reason.toLowerCase() });
    },
  };

  start({ namespace, state }: MeasuredInstance): () => void {
    const meter = this.#meter;
    const seconds = { unit: "s", advice: { explicitBucketBoundaries: BUCKETS } };
    this.#durations = meter.createHistogram(`${namespace}.evaluation.duration`, {
      ...seconds,
      description: "How long evaluations took, of a sample of them",
    });
    this.#latencies = meter.createHistogram(`${namespace}.provider.latency`, {
      ...seconds,
      description: "How long calls of sources and stores took",
    });
    this.#providerErrors = meter.createCounter(`${namespace}.provider.errors`, {
      description: "Calls of sources and stores that failed",
    });
    this.#refusals = meter.createCounter(`${namespace}.refused`, {
      description: "What requests brought or wanted, and did not get",
    });
    this.#overridden = meter.createCounter(`${namespace}.overridden_requests`, {
      description: "Requests whose flags were overridden by what they brought along",
    });
    const ends = [
      this.#observe(`${namespace}.evaluation`, "Evaluations of flags", (result) => {
        for (const [{ count }, attributes] of this.#counted) result.observe(count, attributes);
      }),
      this.#observe(`${namespace}.evaluation.errors`, "Evaluations that failed", (result) => {
        for (const [{ count, errorType }, attributes] of this.#counted) {
          if (errorType !== undefined) result.observe(count, attributes);
        }
      }),
      this.#observe(`${namespace}.cache.hits`, "Subjects found in the cache", (result) => {
        for (const [cache, count] of this.#hits) result.observe(count, { [CACHE]: cache });
      }),
      this.#observe(`${namespace}.cache.misses`, "Subjects not found in the cache", (result) => {
        for (const [cache, count] of this.#misses) result.observe(count, { [CACHE]: cache });
      }),
      this.#observe(
        `${namespace}.events.dropped`,
        "Events of analytics that are lost",
        (result) => {
          for (const { exporter, reason, count } of state().lostEvents ?? []) {
            result.observe(count, { [EXPORTER]: exporter, [LOSS_REASON]: reason });
          }
        },
      ),
      ...gauges(namespace).map(([name, description, read]) => {
        const gauge = meter.createObservableGauge(name, { description });
        const show = (result: ObservableResult): void => result.observe(read(state()));
        gauge.addCallback(show);
        return () => gauge.removeCallback(show);
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  #observe(
    name: string,
    description: string,
    callback: (result: ObservableResult) => void,
  ): () => void {
    const counter = this.#meter.createObservableCounter(name, { description });
    counter.addCallback(callback);
    return () => counter.removeCallback(callback);
  }

  // Reads are counted in series.
  recordEvaluation(): void {}
  recordError(): void {}

  recordCacheHit({ cache }: { readonly cache: string }): void {
    this.#hits.set(cache, (this.#hits.get(cache) ?? 0) + 1);
  }

  recordCacheMiss({ cache }: { readonly cache: string }): void {
    this.#misses.set(cache, (this.#misses.get(cache) ?? 0) + 1);
  }

  recordProviderLatency(call: Parameters<Metrics["recordProviderLatency"]>[0]): void {
    const { provider, operation, duration } = call;
    this.#latencies?.record(duration, { [SOURCE]: provider, [OPERATION]: operation });
  }

  recordProviderError(call: Parameters<Metrics["recordProviderError"]>[0]): void {
    const { provider, operation, type } = call;
    this.#providerErrors?.add(1, {
      [SOURCE]: provider,
      [OPERATION]: operation,
      [ERROR_TYPE]: type.toLowerCase(),
    });
  }

  recordRefusal({ what, reason }: { readonly what: string; readonly reason: string }): void {
    this.#refusals?.add(1, { [REFUSED]: what, [REFUSAL_REASON]: reason });
  }

  recordOverriddenRequest({ origin }: { readonly origin: string }): void {
    this.#overridden?.add(1, { [ORIGIN]: origin });
  }
}

/** Seconds; those of the contract, with finer ones below: most evaluations take microseconds. */
const BUCKETS = [1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

type State = ReturnType<MeasuredInstance["state"]>;

function gauges(
  namespace: string,
): readonly (readonly [name: string, description: string, read: (state: State) => number])[] {
  return [
    [`${namespace}.cache.size`, "Subjects in the cache", ({ cacheSize }) => cacheSize],
    [`${namespace}.cache.max_size`, "Most subjects in the cache", (state) => state.cacheMaxSize],
    [
      `${namespace}.provider.connected`,
      "1 while all sources serve what they hold now",
      ({ providerConnected }) => (providerConnected ? 1 : 0),
    ],
    [`${namespace}.total`, "Flags that are loaded", ({ flags }) => flags],
    [`${namespace}.active.total`, "Flags that are enabled here", (state) => state.activeFlags],
  ];
}

function withKey(key: string | undefined): Attributes {
  return key === undefined ? {} : { [KEY]: key };
}

function attributesOf({ key, reason, value, errorType }: EvaluationSeries): Attributes {
  return {
    ...withKey(key),
    [REASON]: reason.toLowerCase(),
    ...valueAttribute(value),
    ...(errorType === undefined ? {} : { [ERROR_TYPE]: errorType.toLowerCase() }),
  };
}

function valueAttribute(value: string): Attributes {
  if (value === "true" || value === "false") return { [VALUE]: value === "true" };
  return value === "" ? {} : { [VARIANT]: value };
}
