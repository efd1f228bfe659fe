import { createHash } from "node:crypto";
import type { EvaluationDetails, EvaluationObserver } from "@halyard/core";
import { context, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { TelemetryOptions } from "./options.ts";

// Copied from OpenTelemetry's semantic conventions: the incubating constants are not stable.
const KEY = "feature_flag.key";
const VARIANT = "feature_flag.result.variant";
const VALUE = "feature_flag.result.value";
const REASON = "feature_flag.result.reason";
const PROVIDER = "feature_flag.provider.name";
const VERSION = "feature_flag.version";
const CONTEXT_ID = "feature_flag.context.id";
const ERROR_TYPE = "error.type";
const ERROR_MESSAGE = "feature_flag.error.message";

/** Flags and results of a request that got no span of their own, on the request's span. */
export const DROPPED = "halyard.feature_flag.evaluations_dropped";

/** How many flags and results one request is remembered to have read. */
const MOST_RESULTS = 2048;

const SPAN_NAME = "feature_flag.evaluation";

/** Whom a request is of, as far as that is known: recording must not change what reads see. */
export interface RecordedSubject {
  readonly knownKey: () => unknown;
}

/** Makes recorders for requests that are being recorded. */
export class SpanTelemetry {
  readonly #options: TelemetryOptions;
  readonly #tracer: Tracer;

  constructor(options: TelemetryOptions = {}) {
    this.#options = options;
    // A proxy: it follows an SDK that is registered later.
    this.#tracer = trace.getTracer("@halyard/server");
  }

  /** For the active span's request; `undefined` when nothing records it. Ask once per request. */
  recorder(subject: RecordedSubject): EvaluationObserver | undefined {
    if (this.#options.signal === "none") return undefined;
    const span = trace.getActiveSpan();
    if (span?.isRecording() !== true) return undefined;
    return new SpanRecorder(this.#tracer, this.#options, span, subject);
  }
}

/** Emits a span per flag and result under the active span, up to a limit. */
class SpanRecorder implements EvaluationObserver {
  readonly #tracer: Tracer;
  readonly #options: TelemetryOptions;
  readonly #requestSpan: Span;
  readonly #subject: RecordedSubject;
  /** What has a span, and what was dropped. */
  readonly #seen = new Set<EvaluationDetails | string>();

  constructor(
    tracer: Tracer,
    options: TelemetryOptions,
    requestSpan: Span,
    subject: RecordedSubject,
  ) {
    this.#tracer = tracer;
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
    const dropped = this.#seen.size - (this.#options.maxSpans ?? 32);
    if (dropped > 0) {
      this.#requestSpan.setAttribute(DROPPED, dropped);
      return;
    }
    // Where the active span was lost, as in a callback, the request's is still the parent.
    const active = context.active();
    const parent =
      trace.getSpan(active) === undefined ? trace.setSpan(active, this.#requestSpan) : active;
    const span = this.#tracer.startSpan(SPAN_NAME, {}, parent);
    this.#describe(span, details);
    span.end();
  }

  #describe(span: Span, details: EvaluationDetails): void {
    const { variant, value, version, errorCode, errorMessage } = details;
    const { recordValues = false, contextId = "hash" } = this.#options;
    span.setAttribute(KEY, cut(details.flagKey));
    span.setAttribute(PROVIDER, "halyard");
    span.setAttribute(REASON, details.reason.toLowerCase());
    if (variant !== undefined) span.setAttribute(VARIANT, variant);
    if (recordValues && value !== undefined) span.setAttribute(VALUE, text(value));
    if (version !== undefined) span.setAttribute(VERSION, String(version));
    if (contextId !== "none") {
      const id = this.#subject.knownKey();
      if (typeof id === "string" || typeof id === "number") {
        span.setAttribute(CONTEXT_ID, contextId === "plain" ? String(id) : hashed(String(id)));
      }
    }
    if (errorCode === undefined) return;
    span.setAttribute(ERROR_TYPE, errorCode.toLowerCase());
    if (errorMessage !== undefined) span.setAttribute(ERROR_MESSAGE, cut(errorMessage));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** Longest text that is written out, in characters: a key may be what a client sent. */
const MAX_TEXT = 256;

function text(value: unknown): string {
  return cut(typeof value === "string" ? value : JSON.stringify(value));
}

function cut(written: string): string {
  return written.length > MAX_TEXT ? `${written.slice(0, MAX_TEXT)}…` : written;
}

/** Tells subjects apart without telling who they are: ids are personal data. */
function hashed(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 16);
}
