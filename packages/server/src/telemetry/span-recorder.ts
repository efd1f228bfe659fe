import type { EvaluationDetails, EvaluationObserver } from "@halyard/core";
import {
  type Context,
  context,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type Attributes, EVALUATION, type RecordedSubject } from "./attributes.ts";
import { cut } from "./key-cap.ts";

/** Flags and results of a request that got no span of their own, on the request's span. */
export const DROPPED = "halyard.feature_flag.evaluations_dropped";

/** How many flags and results one request is remembered to have read. */
const MOST_RESULTS = 2048;

export interface SpanRecorderOptions {
  readonly tracer: Tracer;
  readonly attributes: Attributes;
  readonly spans: boolean;
  readonly spanEvents: boolean;
  /** Most flags and results of a request. */
  readonly max: number;
}

/** Leaves a span, an event, or both per flag and result under the active span, up to a limit. */
export class SpanRecorder implements EvaluationObserver {
  readonly #options: SpanRecorderOptions;
  readonly #requestSpan: Span;
  readonly #subject: RecordedSubject;
  /** What was recorded, and what was dropped. */
  readonly #seen = new Set<EvaluationDetails | string>();

  constructor(options: SpanRecorderOptions, requestSpan: Span, subject: RecordedSubject) {
    this.#options = options;
    this.#requestSpan = requestSpan;
    this.#subject = subject;
  }

  evaluated(details: EvaluationDetails): void {
    // Details of known flags are one object per result; those of failed reads are made each time.
    const { errorCode, flagKey } = details;
    const result = errorCode === undefined ? details : `${errorCode} ${cut(flagKey)}`;
    if (this.#seen.size >= MOST_RESULTS || this.#seen.has(result)) return;
    this.#seen.add(result);
    const dropped = this.#seen.size - this.#options.max;
    if (dropped > 0) this.#requestSpan.setAttribute(DROPPED, dropped);
    else this.#record(details);
  }

  #record(details: EvaluationDetails): void {
    const { tracer, attributes, spans, spanEvents } = this.#options;
    const described = attributes.of(details, attributes.subjectId(this.#subject));
    const parent = contextWith(this.#requestSpan);
    if (spanEvents) trace.getSpan(parent)?.addEvent(EVALUATION, described);
    if (!spans) return;
    const span = tracer.startSpan(EVALUATION, { attributes: described }, parent);
    if (details.errorCode !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

/** Where the active span was lost, as in a callback, the request's is still the parent. */
export function contextWith(requestSpan: Span | undefined): Context {
  const active = context.active();
  return requestSpan === undefined || trace.getSpan(active) !== undefined
    ? active
    : trace.setSpan(active, requestSpan);
}
