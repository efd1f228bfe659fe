import type {
  EvaluationObserver,
  EvaluationSeries,
  MeasuredInstance,
  Metrics,
} from "@halyard/core";
import { CallingObserver } from "./calling-observer.ts";
import { EvaluationCounter } from "./evaluation-counter.ts";
import type { KeyCap } from "./key-cap.ts";
import type { CallError } from "./measured-source.ts";
import type { FaultReport } from "./report-once.ts";

export interface MeterOptions {
  readonly perFlag: boolean;
  readonly keys: KeyCap;
  readonly maxKeys: number;
  readonly instance: MeasuredInstance;
  readonly report: FaultReport;
}

/** Hands what is measured to whoever takes it: no one, an exporter, OpenTelemetry, or both. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #sinks = new Set<Metrics>();
  readonly #stops: (() => void)[] = [];
  #counter: EvaluationCounter | undefined;
  readonly #callers: CallingObserver[] = [];

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** What counts reads; `undefined` while nobody takes the counts. Never throws. */
  get counter(): EvaluationObserver | undefined {
    return this.#counter;
  }

  /** What calls exporters for every read, and throws what they do. */
  get callers(): readonly EvaluationObserver[] {
    return this.#callers;
  }

  /** Throws what the exporter does when it begins: it can't be used like this. */
  add(sink: Metrics): void {
    const stop = sink.start?.(this.#options.instance);
    if (stop !== undefined) this.#stops.push(stop);
    this.#sinks.add(sink);
    if (sink.series === undefined) {
      this.#callers.push(new CallingObserver(sink, this.#options));
      return;
    }
    this.#counter ??= new EvaluationCounter(
      {
        added: (series) => this.#tellSeries((each) => each.add(series)),
        timed: (series, duration) => this.#tellSeries((each) => each.timed(series, duration)),
      },
      this.#options,
    );
    const { series } = this.#counter;
    const known: readonly EvaluationSeries[] = [...series];
    this.#safely(() => {
      for (const one of known) sink.series?.add(one);
    });
  }

  /** The read that is under way was timed; seconds. */
  timed(duration: number): void {
    this.#counter?.timed(duration);
    for (const caller of this.#callers) caller.timed(duration);
  }

  cacheHit(cache: string): void {
    this.#tell((sink) => sink.recordCacheHit({ cache }));
  }

  cacheMiss(cache: string): void {
    this.#tell((sink) => sink.recordCacheMiss({ cache }));
  }

  /** Seconds. */
  providerLatency(provider: string, operation: string, duration: number): void {
    this.#tell((sink) => sink.recordProviderLatency({ provider, operation, duration }));
  }

  providerError(provider: string, operation: string, type: CallError): void {
    this.#tell((sink) => sink.recordProviderError({ provider, operation, type }));
  }

  /** `reason` is one of few: what clients send is no part of it. */
  refused(what: string, reason: string): void {
    this.#tell((sink) => sink.recordRefusal?.({ what, reason }));
  }

  overridden(origin: string): void {
    this.#tell((sink) => sink.recordOverriddenRequest?.({ origin }));
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) this.#safely(stop);
  }

  #tellSeries(work: (series: NonNullable<Metrics["series"]>) => void): void {
    this.#tell(({ series }) => {
      if (series !== undefined) work(series);
    });
  }

  #tell(work: (sink: Metrics) => void): void {
    for (const sink of this.#sinks) this.#safely(() => work(sink));
  }

  /** What an exporter throws breaks nothing, and is told. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.report("An exporter of metrics", error);
    }
  }
}
