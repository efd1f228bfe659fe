import type {
  Clock,
  EvaluationContext,
  EvaluationObserver,
  Metrics,
  MetricsState,
  SubjectLoader,
} from "@halyard/core";
import {
  createNoopMeter,
  metrics,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { InstanceAnalytics } from "../analytics/analytics.ts";
import type { EnvironmentConfig } from "../config/environment.ts";
import { type Log, messageOf } from "../instance/log.ts";
import type { Subjects } from "../subjects/open-subjects.ts";
import { activeSpan } from "./active-span.ts";
import { Attributes, ERROR_TYPE, type RecordedSubject, SOURCE } from "./attributes.ts";
import { EventTelemetry } from "./event-recorder.ts";
import { KeyCap } from "./key-cap.ts";
import {
  type CallError,
  type CallRecorder,
  measuredSource,
  SOURCE_OPERATIONS,
  SUBJECT,
} from "./measured-source.ts";
import { Meter } from "./meter.ts";
import { JoinedObservers } from "./observers.ts";
import type { MetricsOptions, TelemetryOptions } from "./options.ts";
import { OpenTelemetryMetrics } from "./otel-metrics.ts";
import { ReadStatistics } from "./read-statistics.ts";
import { type FaultReport, reportOnce } from "./report-once.ts";
import { SpanRecorder, type SpanRecorderOptions } from "./span-recorder.ts";

/** What OpenTelemetry shows as the one who records. */
const SCOPE = "@halyard/server";

/** The span around a read of a subject from the store. */
export const SUBJECT_SPAN = "halyard.subject.load";

/** The cache's name in metrics. */
const CACHE = "subjects";

const MAX_SPANS = 32;
const MAX_KEYS = 1000;

export interface CallFailure {
  readonly type: CallError;
  readonly message: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface TelemetryParts {
  readonly telemetry: TelemetryOptions | undefined;
  readonly metrics: MetricsOptions | undefined;
  readonly config: EnvironmentConfig["metrics"];
  readonly log: Log;
  readonly clock: Clock;
  readonly state: () => MetricsState;
  /** Takes exposures. */
  readonly analytics?: InstanceAnalytics | undefined;
}

/** What an instance tells of itself: signals of reads, metrics, and the figures of its health. */
export class Telemetry {
  readonly reads: ReadStatistics = new ReadStatistics();
  readonly meter: Meter;
  /** Milliseconds that the last call of a source or store took that was answered. */
  lastLatency: number | undefined;
  /** How the last read of a subject that failed did. */
  subjectFailure: CallFailure | undefined;
  /** Whether OpenTelemetry's metrics are asked for. */
  readonly #countsByApi: boolean;
  readonly #tracer: Tracer;
  readonly #attributes: Attributes;
  readonly #spans: SpanRecorderOptions;
  readonly #events: EventTelemetry | undefined;
  readonly #report: FaultReport;
  readonly #exporter: Metrics | undefined;
  readonly #clock: Clock;
  readonly #analytics: InstanceAnalytics | undefined;
  #meterProvider: unknown;
  /** Whether reads may leave something where there is no span. Known once it has started. */
  watchesReads = true;

  constructor({
    telemetry = {},
    metrics: options = {},
    config,
    log,
    clock,
    state,
    analytics,
  }: TelemetryParts) {
    const { signal = "span", maxKeys = MAX_KEYS } = telemetry;
    const keys = new KeyCap(maxKeys);
    const enabled = options.enabled ?? config.enabled ?? true;
    const signals = new Set(typeof signal === "string" ? [signal] : signal);
    if (!enabled) signals.delete("metric");
    this.#countsByApi = signals.has("metric");
    this.#report = reportOnce(log);
    this.#clock = clock;
    this.#analytics = analytics;
    // A proxy: it follows an SDK that is registered later.
    this.#tracer = trace.getTracer(SCOPE);
    this.#attributes = new Attributes(telemetry, keys);
    this.#spans = {
      tracer: this.#tracer,
      attributes: this.#attributes,
      spans: signals.has("span"),
      spanEvents: signals.has("spanEvent"),
      max: telemetry.maxSpans ?? MAX_SPANS,
    };
    this.#events = signals.has("event") ? new EventTelemetry() : undefined;
    this.meter = new Meter({
      perFlag: options.perFlag ?? config.perFlag ?? false,
      keys,
      maxKeys,
      report: this.#report,
      instance: {
        namespace: options.namespace ?? config.namespace ?? "feature_flags",
        state,
      },
    });
    this.reads.listener = (duration) => this.meter.timed(duration / 1000);
    this.#exporter = enabled ? options.exporter : undefined;
  }

  /** Throws what the exporter does when it can't be used like this. */
  start(): void {
    if (this.#exporter !== undefined) this.meter.add(this.#exporter);
    const takesReads = this.#analytics?.takesReads === true || this.#exporter !== undefined;
    this.watchesReads = takesReads || this.#countsByApi || this.#events !== undefined;
  }

  /** For the reads of one request; `undefined` when nothing takes what they leave. Ask once. */
  requestRecorder(subject: RecordedSubject): EvaluationObserver | undefined {
    const span = this.#isTraced ? activeSpan() : undefined;
    if (span === undefined && !this.watchesReads) return undefined;
    return this.#recorder(subject, span, this.#analytics?.requestRecorder(subject));
  }

  /** The same for a client outside of requests, which leaves no spans. */
  clientRecorder(context: EvaluationContext | undefined): EvaluationObserver | undefined {
    if (this.#onlyCounts) return this.meter.counter;
    const exposures = this.#analytics?.clientRecorder(context);
    return this.#recorder({ knownKey: () => context?.targetingKey }, undefined, exposures);
  }

  #recorder(
    subject: RecordedSubject,
    requestSpan: Span | undefined,
    exposures: EvaluationObserver | undefined,
  ): EvaluationObserver | undefined {
    if (this.#countsByApi) this.#followMeterProvider();
    const { counter, callers } = this.meter;
    const { spans, spanEvents } = this.#spans;
    const spanRecorder =
      (spans || spanEvents) && requestSpan?.isRecording() === true
        ? new SpanRecorder(this.#spans, requestSpan, subject)
        : undefined;
    const eventRecorder =
      this.#events &&
      this.#safely(() => this.#events?.recorder(this.#attributes, requestSpan, subject));
    const signals = spanRecorder ?? eventRecorder ?? exposures;
    // The usual request of a server that counts: nothing to join, and nothing that throws.
    if (signals === undefined && callers.length === 0) return counter;
    const all = [counter, spanRecorder, eventRecorder, exposures, ...callers];
    return new JoinedObservers(
      all.filter((one) => one !== undefined),
      this.#report,
    );
  }

  /** One observer for both, where there are two. */
  join(
    one: EvaluationObserver | undefined,
    other: EvaluationObserver | undefined,
  ): EvaluationObserver | undefined {
    if (one === undefined || other === undefined) return one ?? other;
    return new JoinedObservers([one, other], this.#report);
  }

  /** Whether the active span makes a difference. */
  get #isTraced(): boolean {
    return this.#spans.spans || this.#spans.spanEvents || this.#events !== undefined;
  }

  /** Whether clients outside of requests leave nothing but counts. */
  get #onlyCounts(): boolean {
    if (this.#events !== undefined || this.#countsByApi) return false;
    if (this.#analytics?.takesReads === true) return false;
    return this.meter.callers.length === 0;
  }

  /** Metrics' API has no proxy: an SDK that is registered later has to be looked for. */
  #followMeterProvider(): void {
    const provider = metrics.getMeterProvider();
    if (provider === this.#meterProvider) return;
    this.#meterProvider = provider;
    this.#safely(() => {
      const meter = provider.getMeter(SCOPE);
      if (meter !== createNoopMeter()) this.meter.add(new OpenTelemetryMetrics(meter));
    });
  }

  /** What an SDK throws, its exporters included, breaks nothing. */
  #safely<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#report("OpenTelemetry", error);
      return undefined;
    }
  }

  /** The same source, or store of assignments, whose calls are measured. */
  measured<Source extends { readonly name: string }>(
    source: Source,
    subjectDeadline: number,
    operations: Readonly<Record<string, string>> = SOURCE_OPERATIONS,
  ): Source {
    return measuredSource(source, {
      operations,
      begin: (operation) => this.#call(source.name, operation),
      now: () => performance.now(),
      subjectDeadline,
    });
  }

  /** The same loader, which tells whether the cache had a subject. */
  counted({ loader, cache: { counts } }: Pick<Subjects, "loader" | "cache">): SubjectLoader {
    const { meter } = this;
    return {
      unopened: (snapshot) => loader.unopened(snapshot),
      open: (context, snapshot) => loader.open(context, snapshot),
      load: (context) => {
        const { hits, misses } = counts;
        const loading = loader.load(context);
        if (counts.hits > hits) meter.cacheHit(CACHE);
        else if (counts.misses > misses) meter.cacheMiss(CACHE);
        return loading;
      },
    };
  }

  #call(provider: string, operation: string): CallRecorder {
    const { meter } = this;
    const span = operation === SUBJECT ? this.#subjectSpan(provider) : undefined;
    const end = (): unknown => this.#safely(() => span?.end());
    let failed = false;
    const fail = (type: CallError, message: string): void => {
      // What was given up is one failure, whatever comes of it later.
      if (failed) return;
      failed = true;
      meter.providerError(provider, operation, type);
      if (operation === SUBJECT) this.subjectFailure = { type, message, at: this.#clock() };
      this.#safely(() =>
        span
          ?.setAttribute(ERROR_TYPE, type.toLowerCase())
          .setStatus({ code: SpanStatusCode.ERROR }),
      );
    };
    return {
      answered: (duration) => {
        this.lastLatency = duration;
        meter.providerLatency(provider, operation, duration / 1000);
        end();
      },
      late: () => fail("TIMEOUT", `${provider} did not give a subject in time.`),
      failed: (type, error) => {
        fail(type, `${provider} did not give a subject: ${messageOf(error)}`);
        end();
      },
    };
  }

  #subjectSpan(provider: string): Span | undefined {
    if (!this.#spans.spans || activeSpan()?.isRecording() !== true) return undefined;
    return this.#safely(() =>
      this.#tracer.startSpan(SUBJECT_SPAN, { attributes: { [SOURCE]: provider } }),
    );
  }

  close(): void {
    this.meter.close();
  }
}
