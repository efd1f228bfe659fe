import type { EvaluationDetails, EvaluationObserver } from "@halyard/core";
import { keyOf, settledKeyOf, type Told } from "./subject.ts";

/** Takes down what a subject was served. */
export interface ExposureTaker {
  take(details: EvaluationDetails, key: string | undefined, subject: Told): void;
  repeated(): void;
}

/** Tells of every read of one subject. */
export class ExposureRecorder implements EvaluationObserver {
  readonly #taker: ExposureTaker;
  readonly #subject: Told;

  constructor(taker: ExposureTaker, subject: Told) {
    this.#taker = taker;
    this.#subject = subject;
  }

  evaluated(details: EvaluationDetails): void {
    this.#taker.take(details, keyOf(this.#subject), this.#subject);
  }
}

/** Results that a request is remembered to have got. */
const MOST_RESULTS = 1024;

/** Tells of each result that a request reads once: it is over before the window is. */
export class RequestExposureRecorder implements EvaluationObserver {
  readonly #taker: ExposureTaker;
  readonly #subject: Told;
  readonly #seen = new Set<EvaluationDetails>();
  #key: string | undefined;

  constructor(taker: ExposureTaker, subject: Told) {
    this.#taker = taker;
    this.#subject = subject;
  }

  evaluated(details: EvaluationDetails): void {
    if (details.errorCode !== undefined) return;
    const key = settledKeyOf(this.#subject);
    if (key !== this.#key || this.#seen.size >= MOST_RESULTS) {
      this.#seen.clear();
      this.#key = key;
    }
    if (this.#seen.has(details)) {
      this.#taker.repeated();
      return;
    }
    this.#seen.add(details);
    this.#taker.take(details, key ?? keyOf(this.#subject), this.#subject);
  }
}
