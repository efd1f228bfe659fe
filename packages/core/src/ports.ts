import type { EvaluationErrorCode, Reason } from "./evaluation/details.ts";
import type { StoreNotice } from "./store/store.ts";

/**
 * The interfaces between Halyard and what surrounds it. Each is one small contract with optional
 * methods for optional powers; a new source, store or exporter implements one and touches
 * nothing else.
 */

/** One document of definitions, parsed but not yet checked, and where it came from. */
export interface DefinitionDocument {
  /** For people: a file's path as configured, a table's name, `code`. */
  readonly name: string;
  /**
   * What the YAML or JSON said: `{ flags, segments, aliases, feature_flags }`. Handed over: the
   * loader freezes and keeps parts of it, so a source copies what is not its own.
   */
  readonly document: unknown;
  /** Only this part of the document holds flags; nested sections are joined with `.`. */
  readonly section?: string | undefined;
  /** Joins the names of nested groups of flags; absent means `.`. */
  readonly delimiter?: string | undefined;
  /**
   * Finds the line and column (1-based) of a JSON Pointer in the text. Called only when there is
   * a problem to report, so it may parse again, slowly.
   */
  readonly locate?: (pointer: string) => { line: number; column: number } | undefined;
}

/** What a source that has more to say than its documents gives for a read. */
export interface SourceContents {
  readonly documents: readonly DefinitionDocument[];
  /** Rises whenever the source changes. A read that gives a lower one than before is not believed. */
  readonly version?: number | undefined;
}

/** What a watched source tells its reader. */
export interface SourceListener {
  /**
   * A read may now give something else. `what` names what changed, for the log; a store says also
   * which of its parts. To be called once more when the source can be had again after `onError`.
   */
  readonly onChange: (what: readonly string[], notice?: StoreNotice) => void;
  /** The source can't be read or watched now; it goes on trying by itself. */
  readonly onError: (error: unknown) => void;
}

/**
 * Where definitions come from. Reads give everything, in order, later documents winning per key;
 * they throw a `HalyardError`: `INVALID_DEFINITIONS` when the text is no YAML or JSON (with
 * problems that carry lines), `SOURCE_READ_FAILED` when it can't be had.
 */
export interface DefinitionSource {
  /** For people, and unique within an instance: `features.yaml`, `code`, `postgres`. */
  readonly name: string;
  /** Present on sources that need no network: the instance then has its flags when it is made. */
  readonly readSync?: () => readonly DefinitionDocument[] | SourceContents;
  readonly read: () => Promise<readonly DefinitionDocument[] | SourceContents>;
  /**
   * Starts watching, and says so to the listener whenever a read may give something new. Must
   * not keep the process alive. Returns what ends it and releases everything.
   */
  readonly watch?: (listener: SourceListener) => () => void | Promise<void>;
}

/** What applications pass as `logger`: the shape of pino, console and most others. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Milliseconds since the epoch. Passed in, so that tests decide what time it is. */
export type Clock = () => number;

/** One read of a flag, as metrics see it. */
export interface EvaluationMeasure {
  /** The flag's key; absent unless metrics are per flag. Distinct keys are capped. */
  readonly key: string | undefined;
  readonly reason: Reason;
  /** `true`, `false`, else the variant's name; empty without one, and when the read failed. */
  readonly value: string;
  /** Seconds, of the reads that were timed: a sample of them. */
  readonly duration?: number | undefined;
}

/** Reads of one kind: the instance counts them here. */
export interface EvaluationSeries {
  readonly key: string | undefined;
  readonly reason: Reason;
  readonly value: string;
  /** Of reads that gave the caller's default. */
  readonly errorType: EvaluationErrorCode | undefined;
  /** Rises with every read. */
  readonly count: number;
}

/** What gauges show of an instance. */
export interface MetricsState {
  readonly cacheSize: number;
  readonly cacheMaxSize: number;
  readonly providerConnected: boolean;
  /** Flags that are loaded. */
  readonly flags: number;
  /** Of them, those that are enabled in this environment. */
  readonly activeFlags: number;
  /** Events of analytics that are lost; absent where none are told. */
  readonly lostEvents?: readonly LostEvents[] | undefined;
}

/** Events that did not get where they were to go, for one reason. */
export interface LostEvents {
  /** Its name; empty when they were lost before they came to one. */
  readonly exporter: string;
  readonly reason: "queue_full" | "invalid" | "failed" | "closed";
  /** Only rises. */
  readonly count: number;
}

/** The instance that metrics are of. */
export interface MeasuredInstance {
  /** What the names of the metrics begin with. */
  readonly namespace: string;
  /** How it is now. Cheap enough for every scrape. */
  readonly state: () => MetricsState;
}

/**
 * Where numbers go: an exporter implements this. What it throws is logged, and breaks nothing.
 * Without `series` each read is a call of `recordEvaluation`.
 */
export interface Metrics {
  recordEvaluation(evaluation: EvaluationMeasure): void;
  /** A read gave the caller's default. It is recorded as an evaluation, too. */
  recordError(error: {
    readonly key: string | undefined;
    readonly type: EvaluationErrorCode;
  }): void;
  recordCacheHit(hit: { readonly cache: string }): void;
  recordCacheMiss(miss: { readonly cache: string }): void;
  /** `provider` is a source's name; `duration` is in seconds. */
  recordProviderLatency(call: {
    readonly provider: string;
    readonly operation: string;
    readonly duration: number;
  }): void;
  /** `type` is the code of a `HalyardError`, `TIMEOUT`, or `ERROR`. */
  recordProviderError(call: {
    readonly provider: string;
    readonly operation: string;
    readonly type: string;
  }): void;
  /** Something a request brought or wanted was not heeded; both are one of few. */
  recordRefusal?(refusal: { readonly what: string; readonly reason: string }): void;
  /** A request's flags were overridden by what it brought along: `url` or `token`. */
  recordOverriddenRequest?(request: { readonly origin: string }): void;
  /**
   * For exporters that are asked for numbers now and then: instead of calls of `recordEvaluation`
   * and `recordError`, they are told once of each series, and read its `count` when they need it.
   */
  readonly series?: {
    readonly add: (series: EvaluationSeries) => void;
    /** A read of the series was timed; seconds. */
    readonly timed: (series: EvaluationSeries, duration: number) => void;
  };
  /** The instance begins to record; returns what is called when it is closed. */
  readonly start?: (instance: MeasuredInstance) => () => void;
}
