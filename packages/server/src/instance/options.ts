import {
  type Actor,
  type AssignmentStore,
  type Clock,
  type DefinedFlags,
  type DefinitionSource,
  type EvaluationDetails,
  type FlagClient,
  type FlagKey,
  type FlagValue,
  HalyardError,
  type Logger,
  type OrdinaryLayer,
  type RegexEngine,
  type Store,
} from "@halyard/core";
import { ANALYTICS, type AnalyticsOptions } from "../analytics/options.ts";
import { ASSIGNMENTS } from "../assignments/options.ts";
import {
  BOOLEAN,
  checkFields,
  type FieldRule,
  type FieldRules,
  FUNCTION,
  isFunction,
  isObject,
  isString,
  MAX_TIMEOUT,
  objectOf,
  oneOf,
  TEXT,
  wholeNumber,
} from "../check-fields.ts";
import { NAMESPACE } from "../config/environment.ts";
import { EDGE_RULES, type EdgeOptions } from "../edge/options.ts";
import { REQUEST_CONTEXT_RULES, type RequestContextOptions } from "../request/options.ts";
import { SUBJECTS, type SubjectOptions } from "../subjects/options.ts";
import {
  type MetricsOptions,
  OPTIONAL_ATTRIBUTES,
  SIGNALS,
  type TelemetryOptions,
} from "../telemetry/options.ts";
import { CHANGE_CONTROL_RULES, type ChangeControlOptions } from "./change-control.ts";
import { isStore } from "./source-calls.ts";

/** A source, or what one is made of: a file's path, or a document of definitions in code. */
export type SourceInput = DefinitionSource | DefinedFlags | DefinitionsDocument | string;

/** A document as files have it. */
export interface DefinitionsDocument {
  readonly $schema?: string | undefined;
  readonly version?: string | number | undefined;
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  readonly feature_flags?: readonly unknown[] | undefined;
  readonly segments?: Readonly<Record<string, unknown>> | undefined;
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

export interface FlagsOptions<Request = unknown>
  extends RequestContextOptions<Request>,
    EdgeOptions,
    ChangeControlOptions {
  /**
   * Where definitions come from, in order: per key the first that defines it wins. Default: what
   * `FEATURE_PROVIDER` and `FEATURE_FILE_PATH` say, else `features.yaml` if it is there.
   */
  readonly sources?: readonly SourceInput[] | undefined;
  /**
   * Where management writes. Its flags come after those of `sources`, unless it is one of them.
   * Closed with the instance.
   */
  readonly store?: Store | undefined;
  /** Milliseconds between reads of sources that tell of no changes. Default: `FEATURE_REFRESH_INTERVAL`, else 30,000. */
  readonly refreshInterval?: number | undefined;
  /**
   * Path of a file where a copy is kept of what was last given by sources that have to be waited
   * for. It serves when they can't be had at the next start, as stale. Default: none is kept.
   */
  readonly lastKnownGood?: string | undefined;
  /**
   * Asks nothing that has to be waited for: files, code, and `lastKnownGood` serve. Default:
   * `FEATURE_OFFLINE`, else false.
   */
  readonly offline?: boolean | undefined;
  /** Compared with the flags' `environments`. Default: `FEATURE_ENVIRONMENT`, else `NODE_ENV`, else `production`. */
  readonly environment?: string | undefined;
  /** Overrides of the local layer: key → value. Beat everything but an emergency. */
  readonly overrides?: { readonly [Key in FlagKey]?: FlagValue<Key> } | undefined;
  /** What `enabled(key)` gives for a flag that can't be read. Default: `FEATURE_DEFAULT_ENABLED`, else false. */
  readonly defaultEnabled?: boolean | undefined;
  /** Name of the property on the request (in Koa, on the context). Default `flags`. */
  readonly property?: string | undefined;
  /** Makes `currentFlags()` work in whatever a request calls. Default false. */
  readonly asyncLocalStorage?: boolean | undefined;
  /** How long requests wait for the first definitions, in milliseconds. Default 5000. */
  readonly startTimeout?: number | undefined;
  /** Priorities of the override layers, where they are to differ. An emergency beats them all. */
  readonly precedence?: PrecedenceOptions | undefined;
  /** How overrides and groups of the `store` are kept per subject. */
  readonly subjects?: SubjectOptions | undefined;
  readonly telemetry?: TelemetryOptions | undefined;
  /** Numbers of reads, of the cache of subjects, and of sources and stores. */
  readonly metrics?: MetricsOptions | undefined;
  /** Counts which flags are read, where, and what they give, for `usage()`. Default false. */
  readonly usage?: boolean | undefined;
  /** Events of what was served to whom, and of what `track` is told. Default: none. */
  readonly analytics?: AnalyticsOptions | undefined;
  /**
   * Where assignments of experiments are kept, such as `new MemoryAssignments()`: whoever was served
   * a variant keeps it when weights change. Closed with the instance. Default: none are kept.
   */
  readonly assignments?: AssignmentStore | undefined;
  readonly hooks?: Hooks | undefined;
  /** Shape of pino and console. Without one, faults go to `process.emitWarning`. */
  readonly logger?: Logger | undefined;
  /** For `matches` patterns that are not plainly linear. Default: `re2js`, where it is installed. */
  readonly regexEngine?: RegexEngine | undefined;
  /** Milliseconds since the epoch, for tests. Default `Date.now`. */
  readonly clock?: Clock | undefined;
}

export type PrecedenceOptions = { readonly [Layer in OrdinaryLayer]?: number | undefined };

/** Functions that are told what happens. One that throws is logged and breaks nothing. */
export interface Hooks {
  /** After every read of a flag; `all()` reads none in this sense. */
  readonly onEvaluation?: ((event: EvaluationEvent) => void) | undefined;
  /** After definitions were read again, with or without success. */
  readonly onReload?: ((event: ReloadEvent) => void) | undefined;
  /** After a write through this instance. */
  readonly onChange?: ((event: ChangeEvent) => void) | undefined;
  /** After `track`. */
  readonly onTrack?: ((event: TrackEvent) => void) | undefined;
}

export interface EvaluationEvent {
  readonly details: EvaluationDetails;
  readonly requestedKey: string;
}

export interface ReloadEvent {
  /** What the source says has changed: files, tables. */
  readonly files: readonly string[];
  /** Keys of flags that were added, removed or changed. */
  readonly changed: readonly string[];
  /** Why the new definitions were refused; the old ones go on serving. */
  readonly error?: Error | undefined;
}

export interface ChangeEvent {
  readonly key: string;
  readonly requestedKey: string;
  readonly action: "created" | "updated" | "removed" | "expired";
  /** `flag`, `segment`, `emergency`, the key of an override's scope, or the user of a group. */
  readonly scope: string;
  readonly actor: Actor | undefined;
  readonly reason: string | undefined;
  readonly oldValue: unknown;
  readonly newValue: unknown;
}

export interface TrackEvent {
  readonly event: string;
  readonly data: unknown;
  readonly client: FlagClient;
}

const HOOKS: FieldRules<Hooks> = {
  onEvaluation: FUNCTION,
  onReload: FUNCTION,
  onChange: FUNCTION,
  onTrack: FUNCTION,
};

const TELEMETRY: FieldRules<TelemetryOptions> = {
  signal: {
    expected: `${SIGNALS.map((name) => `"${name}"`).join(" or ")}, or a list of them without "none"`,
    accepts: (value) => {
      if (!Array.isArray(value)) return isSignal(value);
      return value.every((each) => isSignal(each) && each !== "none");
    },
  },
  maxSpans: {
    expected: "a whole number from 0",
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  recordValues: BOOLEAN,
  contextId: oneOf("none", "hash", "plain"),
  attributes: {
    expected: `a list of ${OPTIONAL_ATTRIBUTES.join(", ")}`,
    accepts: (value) =>
      Array.isArray(value) && value.every((name) => OPTIONAL_ATTRIBUTES.includes(name)),
  },
  maxKeys: wholeNumber(1, 1_000_000),
};

function isSignal(value: unknown): boolean {
  return (SIGNALS as readonly unknown[]).includes(value);
}

const METRICS: FieldRules<MetricsOptions> = {
  exporter: {
    expected: "an exporter, such as prometheus() of @halyard/exporters",
    accepts: (value) =>
      isObject(value) && isFunction((value as Record<string, unknown>).recordEvaluation),
  },
  enabled: BOOLEAN,
  namespace: {
    expected: "letters, digits and _, no digit first",
    accepts: (value) => isString(value) && NAMESPACE.test(value),
  },
  perFlag: BOOLEAN,
};

const PRIORITY: FieldRule = {
  expected: "a number from 0 to below 1000, which is the emergency's",
  accepts: (value) => typeof value === "number" && value >= 0 && value < 1000,
};

const PRECEDENCE: FieldRules<PrecedenceOptions> = {
  local: PRIORITY,
  session: PRIORITY,
  user: PRIORITY,
  role: PRIORITY,
  perm: PRIORITY,
  org: PRIORITY,
  tenant: PRIORITY,
  system: PRIORITY,
};

const LOGGER: FieldRule = {
  expected: "an object with the functions debug, info, warn and error",
  accepts: (value) =>
    isObject(value) &&
    ["debug", "info", "warn", "error"].every((level) =>
      isFunction((value as Record<string, unknown>)[level]),
    ),
};

const OPTIONS: FieldRules<FlagsOptions> = {
  sources: {
    expected: "a list of files' paths, documents and sources",
    accepts: (value) => Array.isArray(value),
  },
  store: {
    expected: "a store, such as new MemoryStore()",
    accepts: (value) => isObject(value) && isStore(value as unknown as DefinitionSource),
  },
  refreshInterval: {
    expected: `a number of milliseconds from 100 to ${MAX_TIMEOUT}`,
    accepts: (value) => typeof value === "number" && value >= 100 && value <= MAX_TIMEOUT,
  },
  lastKnownGood: TEXT,
  offline: BOOLEAN,
  // The empty one is none at all.
  environment: { expected: "a text", accepts: isString },
  overrides: { expected: "an object of values by key", accepts: isObject },
  defaultEnabled: BOOLEAN,
  property: TEXT,
  asyncLocalStorage: BOOLEAN,
  startTimeout: {
    expected: `a number of milliseconds from 0 to ${MAX_TIMEOUT}`,
    accepts: (value) => typeof value === "number" && value >= 0 && value <= MAX_TIMEOUT,
  },
  precedence: objectOf(PRECEDENCE),
  subjects: SUBJECTS,
  telemetry: objectOf(TELEMETRY),
  metrics: objectOf(METRICS),
  usage: BOOLEAN,
  analytics: ANALYTICS,
  assignments: ASSIGNMENTS,
  hooks: objectOf(HOOKS),
  logger: LOGGER,
  regexEngine: {
    expected: "an engine of regular expressions, such as that of re2js",
    accepts: (value) => isObject(value) || isFunction(value),
  },
  clock: FUNCTION,
  ...REQUEST_CONTEXT_RULES,
  ...EDGE_RULES,
  ...CHANGE_CONTROL_RULES,
};

/** Throws `INVALID_OPTIONS` for what is no option, or can't be one. */
export function checkOptions(options: unknown): void {
  if (!isObject(options)) {
    throw new HalyardError("INVALID_OPTIONS", "The options must be an object.");
  }
  checkFields("", options, OPTIONS);
}
