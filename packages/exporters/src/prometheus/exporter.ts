import {
  type EvaluationMeasure,
  type EvaluationSeries,
  HalyardError,
  type MeasuredInstance,
  type Metrics,
} from "@halyard/core";
import type * as PromClient from "prom-client";
import { promClient } from "./client.ts";
import { createInstruments, type Instruments, keyLabel } from "./metrics.ts";

/** Seconds; those of the contract. */
const BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Seconds, from 100 ns: most evaluations take less than the first of the usual buckets. */
export const FINE_BUCKETS: readonly number[] = [
  1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1,
];

export interface PrometheusOptions {
  /** Where the metrics are registered, such as prom-client's `register`. Default: one of its own. */
  readonly registry?: PromClient.Registry | undefined;
  /** Of `evaluation_duration_seconds`, in seconds. Default: .001 to 1; finer ones: `FINE_BUCKETS`. */
  readonly buckets?: readonly number[] | undefined;
  /** Of `provider_latency_seconds`, in seconds. Default: .001 to 1. */
  readonly providerBuckets?: readonly number[] | undefined;
}

/** Metrics for Prometheus, of one instance: `createFlags({ metrics: { exporter: prometheus() } })`. */
export function prometheus(options: PrometheusOptions = {}): PrometheusExporter {
  return new PrometheusExporter(options);
}

/**
 * Keeps counts of its own, and hands them to prom-client when it is scraped: counting a read costs
 * an addition.
 */
export class PrometheusExporter implements Metrics {
  readonly registry: PromClient.Registry;
  readonly #client: typeof PromClient;
  readonly #options: PrometheusOptions;
  readonly #evaluations: EvaluationSeries[] = [];
  readonly #errors: EvaluationSeries[] = [];
  /** Those that are counted here, by what they are of. */
  readonly #own = new Map<string, Series>();
  readonly #hits = new Map<string, number>();
  readonly #misses = new Map<string, number>();
  /** Operations of providers of which errors are counted, from zero. */
  readonly #expected = new Set<string>();
  #instruments: Instruments | undefined;
  #started = false;

  constructor(options: PrometheusOptions = {}) {
    checkOptions(options);
    this.#options = options;
    this.#client = promClient();
    this.registry = options.registry ?? new this.#client.Registry();
  }

  readonly series: NonNullable<Metrics["series"]> = {
    add: (series) => {
      this.#evaluations.push(series);
      if (series.errorType !== undefined) this.#errors.push(series);
    },
    timed: ({ key, reason }, duration) => this.#time(key, reason, duration),
  };

  /** Throws `INVALID_OPTIONS` for a second instance, and where the names are taken. */
  start(instance: MeasuredInstance): () => void {
    if (this.#started) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        "An exporter is of one instance. Call prometheus() once for each, with a namespace of its own where they share a registry.",
      );
    }
    this.#instruments?.remove();
    this.#forget();
    this.#instruments = this.#register(instance);
    this.#started = true;
    return () => {
      this.#started = false;
    };
  }

  #register(instance: MeasuredInstance): Instruments {
    const { buckets = BUCKETS, providerBuckets = BUCKETS } = this.#options;
    const taken = this.registry.getSingleMetric(`${instance.namespace}_evaluation_total`);
    if (taken !== undefined) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        `The registry has metrics that begin with "${instance.namespace}" already. Give this instance { metrics: { namespace: "…" } }, or a registry of its own.`,
      );
    }
    return createInstruments(this.#client, {
      registry: this.registry,
      instance,
      counts: {
        evaluations: this.#evaluations,
        errors: this.#errors,
        hits: this.#hits,
        misses: this.#misses,
      },
      evaluationBuckets: buckets,
      providerBuckets,
    });
  }

  #forget(): void {
    this.#evaluations.length = 0;
    this.#errors.length = 0;
    for (const counts of [this.#own, this.#hits, this.#misses, this.#expected]) counts.clear();
  }

  recordEvaluation({ key, reason, value, duration }: EvaluationMeasure): void {
    this.#count(this.#evaluations, { key, reason, value, errorType: undefined });
    if (duration !== undefined) this.#time(key, reason, duration);
  }

  recordError({ key, type }: Parameters<Metrics["recordError"]>[0]): void {
    this.#count(this.#errors, { key, reason: "ERROR", value: "", errorType: type });
  }

  #count(list: EvaluationSeries[], of: Omit<EvaluationSeries, "count">): void {
    const name = JSON.stringify([of.key, of.reason, of.value, of.errorType]);
    let series = this.#own.get(name);
    if (series === undefined) {
      series = { ...of, count: 0 };
      this.#own.set(name, series);
      list.push(series);
    }
    series.count++;
  }

  #time(key: string | undefined, reason: EvaluationSeries["reason"], duration: number): void {
    this.#instruments?.durations.observe({ ...keyLabel(key), reason }, duration);
  }

  recordCacheHit({ cache }: { readonly cache: string }): void {
    this.#hits.set(cache, (this.#hits.get(cache) ?? 0) + 1);
  }

  recordCacheMiss({ cache }: { readonly cache: string }): void {
    this.#misses.set(cache, (this.#misses.get(cache) ?? 0) + 1);
  }

  recordProviderLatency(call: Parameters<Metrics["recordProviderLatency"]>[0]): void {
    const { provider, operation, duration } = call;
    this.#expectErrors(provider, operation);
    this.#instruments?.latencies.observe({ provider, operation }, duration);
  }

  recordProviderError(call: Parameters<Metrics["recordProviderError"]>[0]): void {
    const { provider, operation, type } = call;
    this.#expectErrors(provider, operation);
    this.#instruments?.providerErrors.inc({ provider, operation, error_type: type });
  }

  recordRefusal({ what, reason }: { readonly what: string; readonly reason: string }): void {
    this.#instruments?.refusals.inc({ what, reason });
  }

  recordOverriddenRequest({ origin }: { readonly origin: string }): void {
    this.#instruments?.overridden.inc({ origin });
  }

  /** Prometheus sees an increase only where a count was zero before. */
  #expectErrors(provider: string, operation: string): void {
    const name = JSON.stringify([provider, operation]);
    if (this.#expected.has(name)) return;
    this.#expected.add(name);
    for (const type of ["TIMEOUT", "ERROR", ...(USUAL_ERRORS[operation] ?? [])]) {
      this.#instruments?.providerErrors.inc({ provider, operation, error_type: type }, 0);
    }
  }
}

/** What usually goes wrong with an operation. */
const USUAL_ERRORS: Readonly<Record<string, readonly string[]>> = {
  read: ["SOURCE_READ_FAILED", "STORE_READ_FAILED", "INVALID_DEFINITIONS"],
  read_subject: ["STORE_READ_FAILED"],
  write: ["STORE_WRITE_FAILED"],
  read_assignments: ["STORE_READ_FAILED"],
  write_assignments: ["STORE_WRITE_FAILED"],
};

type Series = EvaluationSeries & { count: number };

function checkOptions(options: PrometheusOptions): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!["registry", "buckets", "providerBuckets"].includes(name)) {
      const message = `There is no option "${name}". Known are registry, buckets, providerBuckets.`;
      throw new HalyardError("INVALID_OPTIONS", message);
    }
    if (value === undefined || name === "registry" || isBuckets(value)) continue;
    const message = `The option "${name}" must be a list of seconds, each greater than the one before.`;
    throw new HalyardError("INVALID_OPTIONS", message);
  }
}

function isBuckets(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((each, index) => Number.isFinite(each) && !(each <= value[index - 1]));
}
