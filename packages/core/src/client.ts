import { type FlagType, fitsType } from "./definition/flag.ts";
import { resolveKey } from "./definition/keys.ts";
import type { EvaluationContext } from "./evaluation/context.ts";
import {
  type EvaluationDetails,
  type EvaluationErrorCode,
  errorDetails,
  staleDetails,
} from "./evaluation/details.ts";
import { explainFlag } from "./evaluation/explain.ts";
import type { CompiledFlag } from "./evaluation/flag.ts";
import { EvaluationState } from "./evaluation/state.ts";
import type { Explanation } from "./evaluation/trace.ts";
import type { JsonValue } from "./json.ts";
import type { OverrideSet } from "./overrides/override-set.ts";
import type { FlagKey, FlagKeyOf, FlagValue, RegisteredFlags } from "./registry.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a client needs of the instance that makes it. */
export interface ClientHost {
  /** The current snapshot; a client keeps the one it got until `refresh`. */
  readonly snapshot: () => Snapshot;
  /** What `enabled` gives for a flag that can't be read, when the caller says nothing. */
  readonly defaultEnabled: boolean;
  readonly track?: ((event: string, data: unknown, context: EvaluationContext) => void) | undefined;
}

const NO_CONTEXT: EvaluationContext = Object.freeze({});

/**
 * Reads flags for one subject. Synchronous, without I/O; never throws. Everything is read from
 * the snapshot that was current when the client was made, so that one request sees one state.
 */
export class FlagClient {
  readonly context: EvaluationContext;
  readonly #host: ClientHost;
  readonly #overrides: OverrideSet | undefined;
  #state: EvaluationState;
  #flags: ReadonlyMap<string, CompiledFlag>;

  constructor(host: ClientHost, context: EvaluationContext = NO_CONTEXT, overrides?: OverrideSet) {
    const given: unknown = context;
    this.context = typeof given === "object" && given !== null ? context : NO_CONTEXT;
    this.#host = host;
    this.#overrides = overrides;
    const snapshot = host.snapshot();
    this.#state = new EvaluationState(snapshot, this.context, overrides);
    this.#flags = snapshot.flags;
  }

  /** The snapshot that this client reads. */
  get snapshot(): Snapshot {
    return this.#state.snapshot;
  }

  /**
   * Whether a boolean flag is on. Gives `fallback` (or the instance's `defaultEnabled`) for a
   * flag that is unknown or not boolean.
   */
  enabled(key: FlagKeyOf<boolean>, fallback?: boolean): boolean {
    const flag = this.#flags.get(key);
    if (flag !== undefined && flag.flag.type === "boolean") {
      return this.resolve(flag, key).value as boolean;
    }
    return this.#read(key, "boolean", fallback ?? this.#host.defaultEnabled) as boolean;
  }

  /** The flag's value, whatever its type; `fallback` for an unknown flag. */
  value<Key extends FlagKey>(key: Key): FlagValue<Key> | undefined;
  value<Key extends FlagKey>(key: Key, fallback: FlagValue<Key>): FlagValue<Key>;
  value(key: string, fallback?: JsonValue): JsonValue | undefined {
    const flag = this.#flags.get(key);
    if (flag !== undefined) return this.resolve(flag, key).value;
    return this.#read(key, undefined, fallback);
  }

  /** The value of a boolean flag; `fallback` for any other. */
  boolean(key: FlagKeyOf<boolean>, fallback: boolean): boolean {
    return this.#read(key, "boolean", fallback) as boolean;
  }

  /** The value of a string flag; `fallback` for any other. */
  string<Key extends FlagKeyOf<string>>(key: Key, fallback: string): string {
    return this.#read(key, "string", fallback) as string;
  }

  /** The value of an integer flag; `fallback` for any other. */
  integer(key: FlagKeyOf<number>, fallback: number): number {
    return this.#read(key, "integer", fallback) as number;
  }

  /** The value of a number or integer flag; `fallback` for any other. */
  number(key: FlagKeyOf<number>, fallback: number): number {
    return this.#read(key, "number", fallback) as number;
  }

  /** The value of a json flag, deeply frozen; `fallback` for any other. */
  json<T = JsonValue>(key: FlagKey, fallback: T): T {
    return this.#read(key, "json", fallback as JsonValue) as T;
  }

  /** The value with where it comes from and why. Checks no type. */
  details<Key extends FlagKey>(key: Key): EvaluationDetails<FlagValue<Key> | undefined>;
  details<Key extends FlagKey>(
    key: Key,
    fallback: FlagValue<Key>,
  ): EvaluationDetails<FlagValue<Key>>;
  details(key: string, fallback?: JsonValue): EvaluationDetails {
    const flag = this.#flags.get(key);
    return flag !== undefined ? this.#reported(this.resolve(flag, key)) : this.#find(key, fallback);
  }

  /** Every flag's value for this subject. */
  all(): { [Key in FlagKey]: RegisteredFlags[Key] } {
    const values: Record<string, JsonValue | undefined> = {};
    const state = this.#state;
    for (const flag of this.#flags.values()) values[flag.key] = state.resolve(flag).value;
    for (const key of state.undefinedOverrides()) values[key] = state.findOverride(key)?.value;
    return values as { [Key in FlagKey]: RegisteredFlags[Key] };
  }

  /** Step by step, why the flag gives what it gives. */
  explain(key: FlagKey): Explanation {
    return explainFlag(key, this.#state, (details) => this.#reported(details));
  }

  /** Records that something happened that an experiment may want to count. */
  track(event: string, data?: unknown): void {
    this.#host.track?.(event, data, this.context);
  }

  /** Reads the current snapshot from here on, for work that outlives a request. */
  refresh(): void {
    const snapshot = this.#host.snapshot();
    this.#state = new EvaluationState(snapshot, this.context, this.#overrides);
    this.#flags = snapshot.flags;
  }

  /**
   * The outcome of a known flag. The one place that every read of one passes, for clients that
   * watch reads.
   */
  protected resolve(flag: CompiledFlag, _requestedKey: string): EvaluationDetails {
    return this.#state.resolve(flag);
  }

  /** Called with the details of every read that got the caller's default. */
  protected failed(_details: EvaluationDetails, _requestedKey: string): void {}

  #read(key: string, type: FlagType | undefined, fallback: JsonValue | undefined) {
    const flag = this.#flags.get(key) ?? this.#findFlag(key);
    if (flag === undefined) return this.#readUndefined(key, type, fallback);
    const actual = flag.flag.type;
    if (type === undefined || actual === type || (type === "number" && actual === "integer")) {
      return this.resolve(flag, key).value;
    }
    const message = `flag "${flag.key}" is of type ${actual}, read as ${type}`;
    return this.#fail(flag.key, key, fallback, "TYPE_MISMATCH", message).value;
  }

  #readUndefined(key: string, type: FlagType | undefined, fallback: JsonValue | undefined) {
    const details = this.#find(key, fallback);
    if (details.errorCode !== undefined || type === undefined || details.value === undefined) {
      return details.value;
    }
    if (fitsType(details.value, type)) return details.value;
    const message = `the override of "${key}" is no ${type}, and the flag has no definition`;
    return this.#fail(details.flagKey, key, fallback, "TYPE_MISMATCH", message).value;
  }

  #findFlag(key: string): CompiledFlag | undefined {
    const resolved = resolveKey(key, this.#state.snapshot.aliases);
    return resolved === key ? undefined : this.#flags.get(resolved);
  }

  /** For a key that is no flag's as it stands: an alias, an override without definition, unknown. */
  #find(key: string, fallback: JsonValue | undefined): EvaluationDetails {
    const flag = this.#findFlag(key);
    if (flag !== undefined) return this.#reported(this.resolve(flag, key));
    const { snapshot } = this.#state;
    const resolved = resolveKey(key, snapshot.aliases);
    const override = this.#state.findOverride(resolved);
    if (override !== undefined) return this.#reported(override);
    return snapshot.ready
      ? this.#fail(resolved, key, fallback, "FLAG_NOT_FOUND", `there is no flag "${resolved}"`)
      : this.#fail(
          resolved,
          key,
          fallback,
          "PROVIDER_NOT_READY",
          "no definitions have been loaded yet",
        );
  }

  #fail(
    flagKey: string,
    requestedKey: string,
    fallback: JsonValue | undefined,
    code: EvaluationErrorCode,
    message: string,
  ): EvaluationDetails {
    const details = errorDetails(flagKey, fallback, code, message);
    this.failed(details, requestedKey);
    return details;
  }

  #reported(details: EvaluationDetails): EvaluationDetails {
    return this.#state.snapshot.stale ? staleDetails(details) : details;
  }
}
