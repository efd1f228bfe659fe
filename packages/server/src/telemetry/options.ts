export interface TelemetryOptions {
  /**
   * What a read leaves in a recording request: `span`, a child span `feature_flag.evaluation` of
   * the active one, once per flag and result; or `none`. Default `span`.
   */
  readonly signal?: "span" | "none" | undefined;
  /** Most spans of one request; the rest are counted on the request's span. Default 32. */
  readonly maxSpans?: number | undefined;
  /** Adds `feature_flag.result.value`. Default false: values may be personal or secret. */
  readonly recordValues?: boolean | undefined;
  /** Adds `feature_flag.context.id`: `hash`ed or as it is (`plain`). Default `hash`; `none` leaves it out. */
  readonly contextId?: "none" | "hash" | "plain" | undefined;
}
