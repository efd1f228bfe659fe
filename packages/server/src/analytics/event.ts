import { createHash } from "node:crypto";
import type {
  AnalyticsEvent,
  AnalyticsRecord,
  EvaluationDetails,
  JsonObject,
  JsonValue,
} from "@halyard/core";
import { hashed } from "../telemetry/attributes.ts";

/** Longest value of a flag that goes along, in characters of JSON: the variant says it, too. */
const MAX_VALUE = 4096;

/** Longest event, in characters. */
const MAX_EVENT = 64 * 1024;

/** What events of every kind are made of, as it was when they happened. */
interface Pending {
  readonly key: string;
  readonly anonymous: boolean;
  readonly context: JsonObject | undefined;
  readonly omitted: readonly string[];
  readonly rate: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface PendingExposure extends Pending {
  readonly details: EvaluationDetails;
  /** What tells it from other exposures of the subject: flag, variant, rule. */
  readonly outcome: string;
  /** The window of deduplication that it is in; each of its own without one. */
  readonly window: string;
}

export interface PendingTrack extends Pending {
  readonly event: string;
  readonly data: JsonValue | undefined;
  /** Unique: what happens twice counts twice. */
  readonly serial: string;
}

export type PendingEvent = PendingExposure | PendingTrack;

export interface EventWriterOptions {
  /** Instances of different environments may tell the same receiver. */
  readonly environment: string;
  readonly hashesKeys: boolean;
}

/** Makes events of what was taken down, when there is time for it. */
export class EventWriter {
  readonly #options: EventWriterOptions;
  /** Values are written over and over, and may be large. */
  readonly #tooLarge = new WeakMap<EvaluationDetails, boolean>();

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  /** `undefined` for what can't be written. */
  write(pending: PendingEvent): AnalyticsRecord | undefined {
    try {
      return this.#record(pending) ?? this.#record(withoutContext(pending));
    } catch {
      return undefined;
    }
  }

  #record(pending: PendingEvent): AnalyticsRecord | undefined {
    const event = "details" in pending ? this.#exposure(pending) : this.#tracked(pending);
    const json = JSON.stringify(event);
    return json.length > MAX_EVENT ? undefined : { event, json };
  }

  #exposure(pending: PendingExposure): AnalyticsEvent {
    const { details, outcome, window, key } = pending;
    const { flagKey, value, variantIndex, reason, ruleId, inExperiment } = details;
    const isTooLarge = this.#isTooLarge(details);
    const omitted = isTooLarge ? ["value", ...pending.omitted] : pending.omitted;
    return {
      type: "exposure",
      id: idOf(["exposure", this.#options.environment, key, outcome, window]),
      timestamp: new Date(pending.at).toISOString(),
      flag_key: flagKey,
      user_key: this.#userKey(key),
      ...marks({ ...pending, omitted }),
      value: isTooLarge ? null : (value ?? null),
      variation_idx: variantIndex ?? null,
      reason,
      ...(ruleId === undefined ? {} : { rule_id: ruleId }),
      in_experiment: inExperiment,
    };
  }

  #tracked(pending: PendingTrack): AnalyticsEvent {
    const { event, data, serial, key } = pending;
    return {
      type: "track",
      id: idOf(["track", this.#options.environment, key, event, serial]),
      timestamp: new Date(pending.at).toISOString(),
      event,
      user_key: this.#userKey(key),
      ...marks(pending),
      ...(data === undefined ? {} : { data }),
    };
  }

  #userKey(key: string): string {
    return this.#options.hashesKeys ? hashed(key) : key;
  }

  #isTooLarge(details: EvaluationDetails): boolean {
    let known = this.#tooLarge.get(details);
    if (known === undefined) {
      known = JSON.stringify(details.value ?? null).length > MAX_VALUE;
      this.#tooLarge.set(details, known);
    }
    return known;
  }
}

/** What happened is told, though not all of whom it happened to can be. */
function withoutContext(pending: PendingEvent): PendingEvent {
  const others = pending.omitted.filter((name) => !name.startsWith("context."));
  return { ...pending, context: undefined, omitted: [...others, "context"] };
}

function marks({ anonymous, context, rate, omitted }: Pending) {
  return {
    ...(anonymous ? { anonymous } : {}),
    ...(context === undefined ? {} : { context }),
    ...(rate < 1 ? { sample_rate: rate } : {}),
    ...(omitted.length === 0 ? {} : { omitted }),
  } as const;
}

function idOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
