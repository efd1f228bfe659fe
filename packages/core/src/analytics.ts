import type { Reason } from "./evaluation/details.ts";
import type { JsonObject, JsonValue } from "./json.ts";

interface AnalyticsEventBase {
  /**
   * The same wherever and however often this event is sent, so that receivers can tell what came
   * twice. Of exposures it is made of what was served to whom within the window of deduplication:
   * two processes that tell the same give it the same id.
   */
  readonly id: string;
  /** ISO 8601. */
  readonly timestamp: string;
  /** The targeting key, or its hash. */
  readonly user_key: string;
  /** There, and true, when the key stands for a visitor, not a user. */
  readonly anonymous?: true;
  /** The attributes that may leave the process, as far as the subject has them. */
  readonly context?: JsonObject;
  /** Below 1 when only some subjects are told of: each stands for `1 / sample_rate`. */
  readonly sample_rate?: number;
  /** What was left out because it is too large or no JSON: `value`, `data`, `context.plan`, `context`. */
  readonly omitted?: readonly string[];
}

/** A subject was served a flag's value. */
export interface ExposureEvent extends AnalyticsEventBase {
  readonly type: "exposure";
  readonly flag_key: string;
  readonly value: JsonValue;
  /** Index of the variant in the flag's list; null when the value is no variant's. */
  readonly variation_idx: number | null;
  readonly reason: Reason;
  readonly rule_id?: string;
  /** Served by a rollout that is marked `experiment`. */
  readonly in_experiment: boolean;
}

/** Something happened that an experiment may want to count: `client.track(event, data)`. */
export interface TrackedEvent extends AnalyticsEventBase {
  readonly type: "track";
  readonly event: string;
  readonly data?: JsonValue;
}

export type AnalyticsEvent = ExposureEvent | TrackedEvent;

/** An event, and how it is written. */
export interface AnalyticsRecord {
  readonly event: AnalyticsEvent;
  /** The event as JSON, on one line. */
  readonly json: string;
}

/** What became of a batch that was not refused as a whole. */
export interface ExportOutcome {
  /** Events that are lost. */
  readonly dropped?: number | undefined;
  /** Events that could not be delivered and are kept elsewhere, such as in a file of dead letters. */
  readonly setAside?: number | undefined;
  /** Why, for the log and for counts. */
  readonly reason?: string | undefined;
}

/** An `AbortSignal`, as far as this package knows of one: it runs where there are none. */
export interface GiveUpSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Where events go: an exporter implements this. It is called for one batch at a time, and not again
 * before that has settled; meanwhile events wait, and those that find no room are dropped and
 * counted. Nothing that it throws reaches a request.
 */
export interface AnalyticsExporter {
  /** For people, and for counts: `stdout`, `file`. */
  readonly name: string;
  /**
   * Delivers a batch. Tries again by itself, if that makes sense; rejects when the batch is lost.
   * `signal`, an `AbortSignal`, is aborted when `close` has no time left: what can't be kept is given up then.
   */
  export(
    batch: readonly AnalyticsRecord[],
    signal: GiveUpSignal,
  ): Promise<ExportOutcome | undefined> | Promise<void>;
  /**
   * Takes batches in the place of `export` once `signal` is aborted, to keep them elsewhere. Absent:
   * what still waits then is dropped.
   */
  keep?(batch: readonly AnalyticsRecord[]): Promise<ExportOutcome | undefined>;
  /** Resolves when everything that was exported has left the exporter's own buffers. */
  flush?(): Promise<void>;
  /** Releases everything. Called once, after the last batch. */
  close?(): Promise<void>;
}
