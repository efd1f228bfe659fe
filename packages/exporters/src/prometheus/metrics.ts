import type { EvaluationSeries, MeasuredInstance, MetricsState } from "@halyard/core";
import type * as PromClient from "prom-client";

/** What the numbers of one scrape are made of. */
interface Counts {
  readonly evaluations: readonly EvaluationSeries[];
  /** Of the evaluations, those that failed. */
  readonly errors: readonly EvaluationSeries[];
  /** By the cache's name. */
  readonly hits: ReadonlyMap<string, number>;
  readonly misses: ReadonlyMap<string, number>;
}

export interface InstrumentOptions {
  readonly registry: PromClient.Registry;
  readonly instance: MeasuredInstance;
  readonly counts: Counts;
  /** Seconds. */
  readonly evaluationBuckets: readonly number[];
  readonly providerBuckets: readonly number[];
}

export interface Instruments {
  readonly durations: PromClient.Histogram<"flag_key" | "reason">;
  readonly latencies: PromClient.Histogram<"provider" | "operation">;
  readonly providerErrors: PromClient.Counter<"provider" | "operation" | "error_type">;
  readonly refusals: PromClient.Counter<"what" | "reason">;
  readonly overridden: PromClient.Counter<"origin">;
  /** Takes all of them out of the registry. */
  readonly remove: () => void;
}

/** Registers the metrics of an instance. Counters and gauges are worked out when they are scraped. */
export function createInstruments(
  { Counter, Gauge, Histogram }: typeof PromClient,
  { registry, instance, counts, evaluationBuckets, providerBuckets }: InstrumentOptions,
): Instruments {
  const { namespace } = instance;
  const registers = [registry];
  const names: string[] = [];
  const named = (name: string): string => {
    const whole = `${namespace}_${name}`;
    names.push(whole);
    return whole;
  };

  new Counter({
    name: named("evaluation_total"),
    help: "Evaluations of flags.",
    labelNames: ["flag_key", "reason", "value"],
    registers,
    collect() {
      this.reset();
      for (const { key, reason, value, count } of counts.evaluations) {
        this.inc({ ...keyLabel(key), reason, value }, count);
      }
    },
  });
  new Counter({
    name: named("evaluation_errors_total"),
    help: "Evaluations that gave the caller's default.",
    labelNames: ["flag_key", "error_type"],
    registers,
    collect() {
      this.reset();
      for (const { key, errorType = "", count } of counts.errors) {
        this.inc({ ...keyLabel(key), error_type: errorType }, count);
      }
    },
  });
  const cacheCounter = (name: string, help: string, byCache: ReadonlyMap<string, number>): void => {
    new Counter({
      name: named(name),
      help,
      labelNames: ["cache"],
      registers,
      collect() {
        this.reset();
        for (const [cache, count] of byCache) this.inc({ cache }, count);
      },
    });
  };
  cacheCounter("cache_hits_total", "Subjects that were in the cache.", counts.hits);
  cacheCounter("cache_misses_total", "Subjects that were not in the cache.", counts.misses);

  const gauge = (name: string, help: string, read: (state: MetricsState) => number): void => {
    new Gauge({
      name: named(name),
      help,
      registers,
      collect() {
        this.set(read(instance.state()));
      },
    });
  };
  gauge("total", "Flags that are loaded.", ({ flags }) => flags);
  gauge("active_total", "Flags that are enabled here.", ({ activeFlags }) => activeFlags);
  gauge("cache_size", "Subjects in the cache.", ({ cacheSize }) => cacheSize);
  gauge("cache_max_size", "Most subjects in the cache.", ({ cacheMaxSize }) => cacheMaxSize);
  gauge(
    "provider_connected",
    "1 while all sources serve what they hold now.",
    ({ providerConnected }) => (providerConnected ? 1 : 0),
  );

  new Counter({
    name: named("events_dropped_total"),
    help: "Events of analytics that are lost.",
    labelNames: ["exporter", "reason"],
    registers,
    collect() {
      this.reset();
      for (const { exporter, reason, count } of instance.state().lostEvents ?? []) {
        this.inc({ exporter, reason }, count);
      }
    },
  });

  return {
    durations: new Histogram({
      name: named("evaluation_duration_seconds"),
      help: "How long evaluations took, of a sample of them.",
      labelNames: ["flag_key", "reason"],
      buckets: [...evaluationBuckets],
      registers,
    }),
    latencies: new Histogram({
      name: named("provider_latency_seconds"),
      help: "How long calls of sources and stores took.",
      labelNames: ["provider", "operation"],
      buckets: [...providerBuckets],
      registers,
    }),
    providerErrors: new Counter({
      name: named("provider_errors_total"),
      help: "Calls of sources and stores that failed.",
      labelNames: ["provider", "operation", "error_type"],
      registers,
    }),
    refusals: new Counter({
      name: named("refused_total"),
      help: "What requests brought or wanted, and did not get.",
      labelNames: ["what", "reason"],
      registers,
    }),
    overridden: new Counter({
      name: named("overridden_requests_total"),
      help: "Requests whose flags were overridden by what they brought along.",
      labelNames: ["origin"],
      registers,
    }),
    remove: () => {
      for (const name of names) registry.removeSingleMetric(name);
    },
  };
}

/** Without metrics per flag there is no such label at all. */
export function keyLabel(key: string | undefined): { flag_key?: string } {
  return key === undefined ? {} : { flag_key: key };
}
