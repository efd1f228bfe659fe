import type { LostEvents } from "@halyard/core";

/** What became of an instance's events since it was made. */
export interface AnalyticsStats {
  /** `false`: nothing is configured, or may be told. */
  readonly enabled: boolean;
  /** Events that were taken, of each kind. */
  readonly exposures: number;
  readonly tracked: number;
  /** Reads and tracked events that were not to be told. */
  readonly skipped: {
    /** Told within the window, or read before in the same request. */
    readonly duplicate: number;
    /** Of a subject that is not in the sample. */
    readonly unsampled: number;
    /** Of nobody: the subject has no key, or none yet. */
    readonly anonymous: number;
  };
  /** Values, attributes and data that were left out of their events: too large, or no JSON. */
  readonly omitted: number;
  /** Events that reached no exporter. */
  readonly dropped: DropCounts;
  /** Events that wait to be written. */
  readonly queued: number;
  readonly exporters: readonly ExporterStats[];
}

export interface DropCounts {
  /** There was no room: the newest are dropped. */
  readonly queueFull: number;
  /** The key or the event as a whole is too large, or can't be written. */
  readonly invalid: number;
  /** The instance was closed, or had no time left for them. */
  readonly closed: number;
}

export interface ExporterStats {
  readonly name: string;
  readonly exported: number;
  /** Could not be delivered and are kept elsewhere, such as in a file of dead letters. */
  readonly setAside: number;
  /** Events that wait for the exporter. */
  readonly queued: number;
  /** Events of the call that is under way. */
  readonly inFlight: number;
  readonly dropped: {
    readonly queueFull: number;
    /** The exporter failed. */
    readonly failed: number;
    readonly closed: number;
  };
  /** What it failed with last; absent when the last call went well. */
  readonly lastError?: string;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Those of the instance, as they are counted. */
export class EventCounts {
  exposures = 0;
  tracked = 0;
  omitted = 0;
  readonly skipped: Mutable<AnalyticsStats["skipped"]> = {
    duplicate: 0,
    unsampled: 0,
    anonymous: 0,
  };
  readonly dropped: Mutable<DropCounts> = { queueFull: 0, invalid: 0, closed: 0 };
}

/** All that was lost, also where it is nothing yet: counters show an increase from zero. */
export function lostEvents({ dropped, exporters }: AnalyticsStats): readonly LostEvents[] {
  return [
    { exporter: "", reason: "queue_full", count: dropped.queueFull },
    { exporter: "", reason: "invalid", count: dropped.invalid },
    { exporter: "", reason: "closed", count: dropped.closed },
    ...exporters.flatMap(({ name: exporter, dropped: { queueFull, failed, closed } }) => [
      { exporter, reason: "queue_full" as const, count: queueFull },
      { exporter, reason: "failed" as const, count: failed },
      { exporter, reason: "closed" as const, count: closed },
    ]),
  ];
}
