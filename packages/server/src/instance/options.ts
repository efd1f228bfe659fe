import {
  type Actor,
  type Clock,
  type DefinedFlags,
  type DefinitionSource,
  type EvaluationDetails,
  type FlagClient,
  HalyardError,
  type JsonValue,
  type Logger,
  type RegexEngine,
} from "@halyard/core";
import type { RequestContextOptions } from "../request/options.ts";
import type { TelemetryOptions } from "../telemetry/options.ts";

/** A source, or what one is made of: a file's path, or a document of definitions in code. */
export type SourceInput = DefinitionSource | DefinedFlags | string;

export interface FlagsOptions<Request = unknown> extends RequestContextOptions<Request> {
  /**
   * Where definitions come from, in order: per key the first that defines it wins. Default: what
   * `FEATURE_PROVIDER` and `FEATURE_FILE_PATH` say, else `features.yaml` if it is there.
   */
  readonly sources?: readonly SourceInput[] | undefined;
  /** Compared with the flags' `environments`. Default: `FEATURE_ENVIRONMENT`, else `NODE_ENV`, else `production`. */
  readonly environment?: string | undefined;
  /** Overrides of the local layer: key → value. Beat everything but an emergency. */
  readonly overrides?: Readonly<Record<string, JsonValue>> | undefined;
  /** What `enabled(key)` gives for a flag that can't be read. Default: `FEATURE_DEFAULT_ENABLED`, else false. */
  readonly defaultEnabled?: boolean | undefined;
  /** Name of the property on the request (in Koa, on the context). Default `flags`. */
  readonly property?: string | undefined;
  /** Makes `currentFlags()` work in whatever a request calls. Default false. */
  readonly asyncLocalStorage?: boolean | undefined;
  /** How long requests wait for the first definitions, in milliseconds. Default 5000. */
  readonly startTimeout?: number | undefined;
  readonly telemetry?: TelemetryOptions | undefined;
  readonly hooks?: Hooks | undefined;
  /** Shape of pino and console. Without one, faults go to `process.emitWarning`. */
  readonly logger?: Logger | undefined;
  /** For `matches` patterns that are not plainly linear. Default: `re2js`, where it is installed. */
  readonly regexEngine?: RegexEngine | undefined;
  /** Milliseconds since the epoch, for tests. Default `Date.now`. */
  readonly clock?: Clock | undefined;
}

/** Functions that are told what happens. One that throws is logged and breaks nothing. */
export interface Hooks {
  /** After every read of a flag. */
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
  readonly action: "created" | "updated" | "removed";
  readonly scope: "flag" | "emergency";
  readonly actor: Actor | undefined;
  readonly oldValue: unknown;
  readonly newValue: unknown;
}

export interface TrackEvent {
  readonly event: string;
  readonly data: unknown;
  readonly client: FlagClient;
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  "sources",
  "environment",
  "overrides",
  "defaultEnabled",
  "property",
  "asyncLocalStorage",
  "startTimeout",
  "telemetry",
  "hooks",
  "logger",
  "regexEngine",
  "clock",
  "context",
  "deriveContext",
  "userAttributes",
  "headers",
  "anonymous",
] satisfies (keyof FlagsOptions)[]);

/** Throws `INVALID_OPTIONS` for what is no option: a misspelt one would be ignored in silence. */
export function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new HalyardError("INVALID_OPTIONS", "The options must be an object.");
  }
  for (const name of Object.keys(options)) {
    if (OPTION_NAMES.has(name)) continue;
    const known = [...OPTION_NAMES].join(", ");
    throw new HalyardError("INVALID_OPTIONS", `There is no option "${name}". Known are ${known}.`);
  }
}
