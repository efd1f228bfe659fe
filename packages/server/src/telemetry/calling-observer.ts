import type { EvaluationDetails, EvaluationObserver, Metrics } from "@halyard/core";
import type { KeyCap } from "./key-cap.ts";

/** Calls an exporter for every read, where it does not want to be told of series. */
export class CallingObserver implements EvaluationObserver {
  readonly #metrics: Metrics;
  readonly #perFlag: boolean;
  readonly #keys: KeyCap;
  #duration: number | undefined;

  constructor(
    metrics: Metrics,
    { perFlag, keys }: { readonly perFlag: boolean; readonly keys: KeyCap },
  ) {
    this.#metrics = metrics;
    this.#perFlag = perFlag;
    this.#keys = keys;
  }

  /** The read that `evaluated` is told of next was timed; seconds. */
  timed(duration: number): void {
    this.#duration = duration;
  }

  evaluated(details: EvaluationDetails): void {
    const { reason, errorCode } = details;
    const key = this.#perFlag ? this.#keys.nameOf(details) : undefined;
    const duration = this.#duration;
    this.#duration = undefined;
    const value = errorCode === undefined ? valueLabel(details) : "";
    this.#metrics.recordEvaluation({ key, reason, value, duration });
    if (errorCode !== undefined) this.#metrics.recordError({ key, type: errorCode });
  }
}

/** The value as a label: `true`, `false`, else the variant's name, of which there are few. */
export function valueLabel({ value, variant }: EvaluationDetails): string {
  return typeof value === "boolean" ? String(value) : (variant ?? "");
}
