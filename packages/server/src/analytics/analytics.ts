import { randomUUID } from "node:crypto";
import type {
  AnyContext,
  Clock,
  EvaluationDetails,
  EvaluationObserver,
  JsonObject,
  JsonValue,
  LostEvents,
} from "@halyard/core";
import { MAX_TIMEOUT } from "../check-fields.ts";
import type { EnvironmentConfig } from "../config/environment.ts";
import type { Log } from "../instance/log.ts";
import { setOwn } from "../sources/share.ts";
import { boundedCopy } from "./bounded-copy.ts";
import { EventWriter, type PendingEvent } from "./event.ts";
import { EventQueue } from "./event-queue.ts";
import {
  ExposureRecorder,
  type ExposureTaker,
  RequestExposureRecorder,
} from "./exposure-recorder.ts";
import { Exposures, isSampled } from "./exposures.ts";
import { type AnalyticsOptions, IDENTITY } from "./options.ts";
import { PrivateNames } from "./private-names.ts";
import { type AnalyticsStats, EventCounts, lostEvents } from "./stats.ts";
import { attributeOf, isAnonymous, keyOf, MAX_KEY, OMITTED, type Told } from "./subject.ts";

/** Most of what comes with a tracked event, in characters. */
const MAX_DATA = 8192;

/** Longest name of a tracked event. */
const MAX_NAME = 256;

/** How long `flush` waits, in milliseconds. */
const FLUSH_TIMEOUT = 10_000;

/** Events of what was served to whom, and of what was tracked. */
export interface Analytics {
  /** What became of the events so far. */
  stats(): AnalyticsStats;
  /**
   * Sends what waits. Resolves when all of it has left the exporters or is lost, at the latest after
   * `timeout` milliseconds (default 10,000); `stats` says which.
   */
  flush(options?: { readonly timeout?: number | undefined }): Promise<void>;
}

/** Of the options and the environment of an instance. */
interface AnalyticsConfig {
  readonly analytics?: AnalyticsOptions | undefined;
  readonly offline?: boolean | undefined;
  readonly environment?: string | undefined;
}

/** The analytics of an instance: off, and free, unless they are configured. */
export class InstanceAnalytics implements Analytics, ExposureTaker {
  readonly #counts = new EventCounts();
  readonly #options: AnalyticsOptions;
  readonly #exposures: Exposures;
  readonly #clock: Clock;
  readonly #queue: EventQueue | undefined;
  readonly #private: PrivateNames;
  /** Attributes that go along: those that are allowed and not private in any of their parts. */
  readonly #attributes: readonly string[];
  readonly #id: string = randomUUID();
  #serial = 0;

  constructor(
    { analytics = { exporters: [] }, ...options }: AnalyticsConfig,
    config: Pick<EnvironmentConfig, "sendEvents" | "offline" | "environment">,
    log: Log,
    clock: Clock,
  ) {
    const { privateAttributes = [], context = [], userKey } = analytics;
    // Of what is hashed in one place nothing is plain in another.
    const hidden = userKey === "hash" ? IDENTITY : [];
    this.#private = new PrivateNames([...privateAttributes, ...hidden]);
    this.#attributes = context.filter((path) => !this.#private.isOn(path));
    this.#options = analytics;
    this.#exposures = new Exposures(this.#options);
    this.#clock = clock;
    const { exporters, enabled = config.sendEvents ?? true } = analytics;
    const offline = options.offline ?? config.offline ?? false;
    if (exporters.length === 0 || !enabled || offline) return;
    const environment = options.environment ?? config.environment;
    const writer = new EventWriter({ environment, hashesKeys: userKey === "hash" });
    const counts = this.#counts;
    this.#queue = new EventQueue({ options: analytics, writer, counts, log, clock });
  }

  /** Whether reads leave anything. */
  get takesReads(): boolean {
    return this.#queue !== undefined && this.#options.exposures !== "none";
  }

  /** For the reads of one request; `undefined` when they leave nothing. */
  requestRecorder(subject: Told): EvaluationObserver | undefined {
    if (!this.takesReads) return undefined;
    return this.#exposures.window === 0
      ? new ExposureRecorder(this, subject)
      : new RequestExposureRecorder(this, subject);
  }

  /** The same for a client outside of requests, which may live long. */
  clientRecorder(subject: Told): EvaluationObserver | undefined {
    return this.takesReads ? new ExposureRecorder(this, subject) : undefined;
  }

  take(details: EvaluationDetails, given: string | undefined, subject: Told): void {
    const exposures = this.#exposures;
    if (!exposures.isWanted(details)) return;
    const rate = exposures.rateOf(details);
    const key = this.#knownKey(given, rate);
    if (key === undefined) return;
    const at = this.#clock();
    const outcome = exposures.outcomeOf(details);
    if (exposures.wasTold(outcome, key, at)) {
      this.repeated();
      return;
    }
    const { window } = exposures;
    const within = window === 0 ? this.#nextSerial() : String(Math.floor(at / window));
    const told = this.#describe(subject);
    const pending = { ...told, details, outcome, window: within, key, rate, at };
    if (this.#push("exposures", pending)) exposures.told(outcome, key, at);
  }

  repeated(): void {
    this.#counts.skipped.duplicate++;
  }

  /** Never throws, whatever it is given: what can't be told is counted. */
  track(name: unknown, data: unknown, context: AnyContext): void {
    if (this.#queue === undefined) return;
    if (typeof name !== "string" || name === "" || name.length > MAX_NAME) {
      this.#counts.dropped.invalid++;
      return;
    }
    try {
      this.#track(name, data, context);
    } catch {
      // A context of the application's whose properties throw.
      this.#counts.dropped.invalid++;
    }
  }

  #track(event: string, data: unknown, context: AnyContext): void {
    const rate = this.#exposures.trackedRate;
    const key = this.#knownKey(keyOf(context), rate);
    if (key === undefined) return;
    const told = this.#describe(context);
    const copy = boundedCopy(data, MAX_DATA, this.#private);
    const isOmitted = copy === undefined && data !== undefined;
    this.#push("tracked", {
      ...told,
      ...(isOmitted ? { omitted: [...told.omitted, "data"] } : {}),
      event,
      data: copy,
      serial: this.#nextSerial(),
      key,
      rate,
      at: this.#clock(),
    });
  }

  /** The key of a subject that is to be told of. */
  #knownKey(key: string | undefined, rate: number): string | undefined {
    const { skipped, dropped } = this.#counts;
    if (key === undefined) skipped.anonymous++;
    else if (key.length > MAX_KEY) dropped.invalid++;
    else if (!isSampled(key, rate)) skipped.unsampled++;
    else return key;
    return undefined;
  }

  /** Copies: what a request is made of must not be kept until its events have left. */
  #describe(subject: Told) {
    let context: Record<string, JsonValue> | undefined;
    const omitted: string[] = [];
    for (const name of this.#attributes) {
      const value = attributeOf(subject, name);
      if (value === undefined) continue;
      if (value === OMITTED) {
        omitted.push(`context.${name}`);
        continue;
      }
      context ??= {};
      setOwn(context, name, value);
    }
    return { context: context as JsonObject | undefined, omitted, anonymous: isAnonymous(subject) };
  }

  #push(kind: "exposures" | "tracked", pending: PendingEvent): boolean {
    const isTaken = this.#queue?.push(pending) === true;
    if (isTaken) this.#counts[kind]++;
    return isTaken;
  }

  #nextSerial(): string {
    this.#serial++;
    return `${this.#id}-${this.#serial}`;
  }

  stats(): AnalyticsStats {
    const { exposures, tracked, omitted, skipped, dropped } = this.#counts;
    return {
      enabled: this.#queue !== undefined,
      exposures,
      tracked,
      skipped: { ...skipped },
      omitted,
      dropped: { ...dropped },
      queued: this.#queue?.size ?? 0,
      exporters: this.#queue?.lanes.map(({ stats }) => stats) ?? [],
    };
  }

  /** `undefined` where nothing is told. */
  lostEvents(): readonly LostEvents[] | undefined {
    return this.#queue && lostEvents(this.stats());
  }

  async flush({ timeout = FLUSH_TIMEOUT }: { timeout?: number | undefined } = {}): Promise<void> {
    await this.#queue?.flush(Math.min(timeout, MAX_TIMEOUT));
  }

  async close(timeout: number): Promise<void> {
    await this.#queue?.close(timeout);
  }
}
