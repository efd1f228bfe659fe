import type { EvaluationDetails, EvaluationObserver } from "@halyard/core";
import type { FaultReport } from "./report-once.ts";

/** One observer for several. What one throws is told, and keeps no other from its turn. */
export class JoinedObservers implements EvaluationObserver {
  readonly #observers: readonly EvaluationObserver[];
  readonly #report: FaultReport;

  constructor(observers: readonly EvaluationObserver[], report: FaultReport) {
    this.#observers = observers;
    this.#report = report;
  }

  evaluated(details: EvaluationDetails, requestedKey: string): void {
    for (const observer of this.#observers) {
      try {
        observer.evaluated(details, requestedKey);
      } catch (error) {
        this.#report("What records evaluations", error);
      }
    }
  }

  shown(key: string | undefined): void {
    for (const observer of this.#observers) {
      try {
        observer.shown?.(key);
      } catch (error) {
        this.#report("What records evaluations", error);
      }
    }
  }
}
