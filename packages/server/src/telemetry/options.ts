import type { Metrics } from "@halyard/core";

/** Attributes that signals may carry, beside `feature_flag.key`, which they always do. */
export const OPTIONAL_ATTRIBUTES = [
  "feature_flag.result.variant",
  "feature_flag.result.value",
  "feature_flag.result.reason",
  "feature_flag.provider.name",
  "feature_flag.version",
  "feature_flag.context.id",
  "error.type",
  "feature_flag.error.message",
] as const;

export type OptionalAttribute = (typeof OPTIONAL_ATTRIBUTES)[number];

export const SIGNALS = ["span", "spanEvent", "event", "metric", "none"] as const;

export type Signal = (typeof SIGNALS)[number];

export interface TelemetryOptions {
  /**
   * What reads leave with OpenTelemetry, one or several of: `span`, a child span
   * `feature_flag.evaluation` of the active one, once per flag and result in a request; `spanEvent`,
   * an event on the active span instead; `event`, a log record for each read (needs
   * `@opentelemetry/api-logs`); `metric`, the metrics of `MetricsOptions`; `none`. Default `span`.
   */
  readonly signal?: Signal | readonly Signal[] | undefined;
  /** Most spans, or events on spans, of one request; the rest are counted on its span. Default 32. */
  readonly maxSpans?: number | undefined;
  /** Adds `feature_flag.result.value`. Default false: values may be personal or secret. */
  readonly recordValues?: boolean | undefined;
  /** Adds `feature_flag.context.id`: `hash`ed or as it is (`plain`). Default `hash`; `none` leaves it out. */
  readonly contextId?: "none" | "hash" | "plain" | undefined;
  /** Only these attributes, beside `feature_flag.key`. Default: all. */
  readonly attributes?: readonly OptionalAttribute[] | undefined;
  /** Most distinct keys of flags, here and in metrics; others go by the name `_other`. Default 1000. */
  readonly maxKeys?: number | undefined;
}

export interface MetricsOptions {
  /** Where numbers go, such as `prometheus()` of `@halyard/exporters`. Default: nowhere. */
  readonly exporter?: Metrics | undefined;
  /** `false` records nothing, whatever is configured. Default `FEATURE_METRICS_ENABLED`, else true. */
  readonly enabled?: boolean | undefined;
  /** What names of metrics begin with. Default `FEATURE_METRICS_NAMESPACE`, else `feature_flags`. */
  readonly namespace?: string | undefined;
  /** Adds the flag's key, one series per flag. Default `FEATURE_METRICS_PER_FLAG`, else false. */
  readonly perFlag?: boolean | undefined;
}
