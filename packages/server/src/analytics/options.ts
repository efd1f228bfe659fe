import { type AnalyticsExporter, HalyardError } from "@halyard/core";
import {
  BOOLEAN,
  type FieldRule,
  isFunction,
  isObject,
  isText,
  MAX_TIMEOUT,
  objectOf,
  oneOf,
  wholeNumber,
} from "../check-fields.ts";

/** What is told of reads and of `track`, and to whom. */
export interface AnalyticsOptions {
  /** Where events go, such as those of `@halyard/exporters`. Each gets every event. */
  readonly exporters: readonly AnalyticsExporter[];
  /** `false` tells nothing. Default `FEATURE_SEND_EVENTS`, else true. Offline, nothing is told either. */
  readonly enabled?: boolean | undefined;
  /** Which reads: `all`, those that an experiment served (`experiments`), or `none`. Default `all`. */
  readonly exposures?: "all" | "experiments" | "none" | undefined;
  /** Attributes of subjects that go along with events. Default: none. */
  readonly context?: readonly string[] | undefined;
  /**
   * Attributes that never do, nor what is inside of them, nor properties of these names or paths in
   * what is tracked. Default: none.
   */
  readonly privateAttributes?: readonly string[] | undefined;
  /**
   * The targeting key as it is (`plain`), or 16 digits of its SHA-256 (`hash`); then `targetingKey` and
   * `userId` are private. Default `plain`.
   */
  readonly userKey?: "plain" | "hash" | undefined;
  /** The same value for the same subject is told once in a while. */
  readonly dedupe?: DedupeOptions | undefined;
  /** Only some subjects are told of: the same ones of every flag, in every process. */
  readonly sampling?: SamplingOptions | undefined;
  /** Most events of one call of an exporter; so many are sent at once. Default 200. */
  readonly batchSize?: number | undefined;
  /** Milliseconds after which fewer are sent. Default 5000. */
  readonly flushInterval?: number | undefined;
  /** Most events that wait for an exporter; more are dropped and counted. Default 10,000. */
  readonly maxQueue?: number | undefined;
}

export interface DedupeOptions {
  /** Milliseconds; 0 tells every read. Default 3,600,000, an hour. */
  readonly window?: number | undefined;
  /** Most exposures that are remembered; the longest unused are forgotten. Default 50,000. */
  readonly max?: number | undefined;
}

export interface SamplingOptions {
  /** Share of the subjects, 0 to 1. Default 1. */
  readonly rate?: number | undefined;
  /** The same for what experiments serve. Default: `rate`; 1 tells of all of them. */
  readonly experiments?: number | undefined;
}

const SHARE: FieldRule = {
  expected: "a number from 0 to 1",
  accepts: (value) => typeof value === "number" && value >= 0 && value <= 1,
};

/** Most attributes that go along with an event. */
const MAX_ATTRIBUTES = 50;

/** What names the subject goes along with every event, plain or hashed. */
export const IDENTITY: readonly string[] = ["targetingKey", "userId"];

const FIELDS: FieldRule = objectOf<AnalyticsOptions>({
  exporters: {
    expected: "a list of exporters of different names, such as those of @halyard/exporters",
    accepts: (value) => Array.isArray(value) && value.every(isExporter) && areDistinct(value),
  },
  enabled: BOOLEAN,
  exposures: oneOf("all", "experiments", "none"),
  context: {
    expected: `a list of at most ${MAX_ATTRIBUTES} attributes' names`,
    accepts: (value) =>
      Array.isArray(value) && value.length <= MAX_ATTRIBUTES && value.every(isText),
  },
  privateAttributes: {
    expected:
      'a list of attributes\' names, without targetingKey and userId: userKey: "hash" hides those',
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((name) => isText(name) && !IDENTITY.includes(name as string)),
  },
  userKey: oneOf("plain", "hash"),
  dedupe: objectOf<DedupeOptions>({
    window: wholeNumber(0, 30 * 86_400_000),
    max: wholeNumber(1, 10_000_000),
  }),
  sampling: objectOf<SamplingOptions>({ rate: SHARE, experiments: SHARE }),
  batchSize: wholeNumber(1, 10_000),
  flushInterval: wholeNumber(10, MAX_TIMEOUT),
  maxQueue: wholeNumber(1, 1_000_000),
});

export const ANALYTICS: FieldRule = {
  ...FIELDS,
  inside: (path, value) => {
    if ((value as Partial<AnalyticsOptions>).exporters === undefined) {
      const message = `The option "${path}exporters" is missing: where events go, such as [stdoutExporter()].`;
      throw new HalyardError("INVALID_OPTIONS", message);
    }
    FIELDS.inside?.(path, value);
  },
};

function isExporter(value: unknown): value is AnalyticsExporter {
  if (!isObject(value)) return false;
  const { name, export: send, keep, flush, close } = value as Partial<AnalyticsExporter>;
  const isOptional = (method: unknown): boolean => method === undefined || isFunction(method);
  return isText(name) && isFunction(send) && [keep, flush, close].every(isOptional);
}

/** Counts are by name. */
function areDistinct(exporters: readonly AnalyticsExporter[]): boolean {
  return new Set(exporters.map(({ name }) => name)).size === exporters.length;
}
