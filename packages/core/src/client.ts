import type { ClientHost, ReadCounts } from "./client-host.ts";
import { type FlagType, fitsType } from "./definition/flag.ts";
import { resolveKey } from "./definition/keys.ts";
import { attributesOf } from "./evaluation/attributes-of.ts";
import { type AnyContext, type EvaluationContext, isLazy } from "./evaluation/context.ts";
import {
  type EvaluationDetails,
  type EvaluationErrorCode,
  errorDetails,
  staleDetails,
} from "./evaluation/details.ts";
import { explainFlag } from "./evaluation/explain.ts";
import type { CompiledFlag } from "./evaluation/flag.ts";
import { JoinedContext } from "./evaluation/joined-context.ts";
import { EvaluationState } from "./evaluation/state.ts";
import type { SubjectLoader } from "./evaluation/subject-loader.ts";
import type { Explanation } from "./evaluation/trace.ts";
import type { JsonValue } from "./json.ts";
import type { FlagKey, FlagKeyOf, FlagValue, RegisteredFlags } from "./registry.ts";
import type { Snapshot } from "./snapshot.ts";

const NO_CONTEXT: EvaluationContext = Object.freeze({});

/** The generation of a context whose subject was read before it was loaded. */
const NOT_LOADED = -1;

/**
 * Reads flags for one subject. Reads are synchronous, without I/O, and never throw. All of them
 * see the snapshot that was current when the client was made, so that one request sees one state.
 */
export class FlagClient {
  readonly #host: ClientHost;
  /** Asks the context for nothing before a read does: a request may not be authenticated yet. */
  #state: EvaluationState;
  #generation: number | undefined = 0;

  constructor(host: ClientHost, context: AnyContext = NO_CONTEXT) {
    this.#host = host;
    const given: unknown = context;
    const known = typeof given === "object" && given !== null ? context : NO_CONTEXT;
    this.#state = unopened(host, known);
  }

  /** What made this client; for adapters. Not a field: what is on a request gets logged. */
  get host(): ClientHost {
    return this.#host;
  }

  /** The snapshot that this client reads. */
  get snapshot(): Snapshot {
    const { snapshot } = this.#state;
    return snapshot.whole ?? snapshot;
  }

  /** As it was given: without what a store knows of the subject. */
  get #context(): AnyContext {
    const { context } = this.#state;
    return context instanceof JoinedContext ? context.inner : context;
  }

  /** The subject's attributes; for a request, worked out as far as they can be. */
  get context(): EvaluationContext {
    const { context } = this.#state;
    return isLazy(context) ? context.toJSON() : context;
  }

  /** Whether the subject's attributes could not be worked out, so that flags saw too few of them. */
  get contextFailed(): boolean {
    const { context } = this.#state;
    return isLazy(context) && context.failed === true;
  }

  /**
   * Nothing: a client is on every request, and requests are logged and answered with. The values
   * are in `all()`, the attributes in `context`.
   */
  toJSON(): Record<string, never> {
    return {};
  }

  /**
   * Whether a boolean flag is on. Gives `fallback` (or the instance's `defaultEnabled`) for a
   * flag that is unknown or not boolean.
   */
  enabled(key: FlagKeyOf<boolean>, fallback?: boolean): boolean {
    const flag = this.#state.snapshot.flags.get(key);
    if (flag !== undefined && flag.type === "boolean") {
      return this.resolve(flag, key).value as boolean;
    }
    return this.#readOther(flag, key, "boolean", fallback ?? this.#host.defaultEnabled) as boolean;
  }

  /** The flag's value, whatever its type; `fallback` for an unknown flag. */
  value<Key extends FlagKey>(key: Key): FlagValue<Key> | undefined;
  value<Key extends FlagKey>(key: Key, fallback: FlagValue<Key>): FlagValue<Key>;
  value(key: string, fallback?: JsonValue): JsonValue | undefined {
    const flag = this.#state.snapshot.flags.get(key);
    if (flag !== undefined) return this.resolve(flag, key).value;
    return this.#readOther(undefined, key, undefined, fallback);
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
    const flag = this.#state.snapshot.flags.get(key) ?? this.#findFlag(key);
    if (flag !== undefined) return this.#reported(this.resolve(flag, key));
    const override = this.#findOverride(key);
    if (override !== undefined) return this.serve(override, key);
    this.#countFailure();
    return this.#notFound(key, fallback);
  }

  /** Every flag's value for this subject. */
  all(): { [Key in FlagKey]: RegisteredFlags[Key] } {
    // Without a prototype it is a hash table from the start: a plain object with as many properties
    // as there are flags gets copied again and again while it grows.
    const values: Record<string, JsonValue | undefined> = Object.create(null);
    this.#open();
    const state = this.#state;
    for (const flag of state.snapshot.flags.values()) values[flag.key] = state.resolve(flag).value;
    for (const key of state.undefinedOverrides()) values[key] = state.findOverride(key)?.value;
    return Object.setPrototypeOf(values, Object.prototype);
  }

  /** Step by step, why the flag gives what it gives. */
  explain(key: FlagKey): Explanation {
    this.#open();
    return explainFlag(key, this.#state, (details) => this.#reported(details));
  }

  /** Names of the attributes that may decide what the flag gives, whoever asks; sorted. */
  attributesOf(key: FlagKey): readonly string[] {
    return attributesOf(key, this.snapshot, this.#host.subjects !== undefined);
  }

  /** Records that something happened that an experiment may want to count. */
  track(event: string, data?: unknown): void {
    this.#host.track(event, data, this, this.#context);
  }

  /** Reads the current snapshot from here on, for work that outlives a request. */
  refresh(): void {
    this.#state = unopened(this.#host, this.#context);
  }

  /**
   * Does the I/O that this subject needs, if any: for its attributes, and for its overrides and
   * groups in the store. Reads before it see what needs none.
   */
  async ready(): Promise<void> {
    await this.load();
  }

  /** {@link ready} for callers that do not want to wait when there is nothing to wait for. */
  load(): Promise<void> | undefined {
    const context = this.#context;
    const { subjects } = this.#host;
    const attributes = isLazy(context) ? context.load?.() : undefined;
    const loading =
      subjects === undefined
        ? attributes
        : attributes === undefined
          ? subjects.load(context)
          : attributes.then(() => subjects.load(context));
    if (loading !== undefined) return loading.then(() => this.#renew(context));
    this.#renew(context);
    return undefined;
  }

  /** Reads see other attributes from here on, if they are others; snapshot and clock stay. */
  #renew(context: AnyContext): void {
    const generation = isLazy(context) ? context.generation : 0;
    if (generation !== undefined && generation === this.#generation) return;
    this.#generation = generation;
    const { subjects } = this.#host;
    if (subjects === undefined) this.#state = this.#state.again();
    else if (!this.#isUnopened) this.#openWith(subjects);
  }

  /** Where there is a store: nothing was read yet, so that the subject may still be another. */
  get #isUnopened(): boolean {
    return this.#state.snapshot.hidden === "unopened";
  }

  /** From here on, reads are of the subject that the context names now. */
  #open(): void {
    const { subjects } = this.#host;
    if (subjects !== undefined && this.#isUnopened) this.#openWith(subjects);
  }

  #openWith(subjects: SubjectLoader): void {
    const view = subjects.open(this.#context, this.snapshot);
    if (!view.known) this.#generation = NOT_LOADED;
    this.#state = this.#state.again(view);
  }

  /** The outcome of a known flag: every read of one passes here, for clients that watch reads. */
  protected resolve(flag: CompiledFlag, _requestedKey: string): EvaluationDetails {
    const { reads } = this.#host;
    if (reads !== undefined && ++reads.total >= reads.timeAt) return this.#timed(flag, reads);
    return this.#state.resolve(flag);
  }

  #timed(flag: CompiledFlag, reads: ReadCounts): EvaluationDetails {
    const start = reads.now();
    const details = this.#state.resolve(flag);
    reads.timed(reads.now() - start);
    return details;
  }

  /** The outcome of an override of a flag that has no definition. */
  protected serve(details: EvaluationDetails, _requestedKey: string): EvaluationDetails {
    const { reads } = this.#host;
    if (reads !== undefined) reads.total++;
    return details;
  }

  #countFailure(): void {
    const { reads } = this.#host;
    if (reads === undefined) return;
    reads.total++;
    reads.failed++;
  }

  /** The outcome of a read that found no flag to serve: here too every such read passes. */
  protected fail(
    flagKey: string,
    _requestedKey: string,
    fallback: JsonValue | undefined,
    code: EvaluationErrorCode,
    message: string,
  ): EvaluationDetails {
    return errorDetails(flagKey, fallback, code, message);
  }

  /** Whether someone wants to hear of reads that get the caller's default. */
  protected get observed(): boolean {
    return false;
  }

  #read(key: string, type: FlagType, fallback: JsonValue): JsonValue | undefined {
    const flag = this.#state.snapshot.flags.get(key);
    if (flag !== undefined && flag.type === type) return this.resolve(flag, key).value;
    return this.#readOther(flag, key, type, fallback);
  }

  /** A read of a flag that is not of the wanted type, or of a key that is no flag's as it stands. */
  #readOther(
    known: CompiledFlag | undefined,
    key: string,
    type: FlagType | undefined,
    fallback: JsonValue | undefined,
  ): JsonValue | undefined {
    const flag = known ?? this.#findFlag(key);
    if (flag === undefined) {
      if (this.#state.isOverridden || this.observed)
        return this.#readUndefined(key, type, fallback);
      this.#countFailure();
      return fallback;
    }
    if (
      type === undefined ||
      flag.type === type ||
      (type === "number" && flag.type === "integer")
    ) {
      return this.resolve(flag, key).value;
    }
    this.#countFailure();
    if (this.observed) {
      const message = `flag "${flag.key}" is of type ${flag.type}, read as ${type}`;
      this.fail(flag.key, key, fallback, "TYPE_MISMATCH", message);
    }
    return fallback;
  }

  #readUndefined(
    key: string,
    type: FlagType | undefined,
    fallback: JsonValue | undefined,
  ): JsonValue | undefined {
    const override = this.#findOverride(key);
    if (override?.value !== undefined) {
      if (type === undefined || fitsType(override.value, type)) {
        return this.serve(override, key).value;
      }
      this.#countFailure();
      if (this.observed) {
        const message = `the override of "${key}" is no ${type}, and the flag has no definition`;
        this.fail(key, key, fallback, "TYPE_MISMATCH", message);
      }
      return fallback;
    }
    this.#countFailure();
    if (this.observed) this.#notFound(key, fallback);
    return fallback;
  }

  /** The flag that a key which is none as it stands may mean; the first read opens the flags. */
  #findFlag(key: string): CompiledFlag | undefined {
    if (!this.#isUnopened) return findFlag(key, this.#state.snapshot);
    this.#open();
    const { snapshot } = this.#state;
    return snapshot.flags.get(key) ?? findFlag(key, snapshot);
  }

  /** An override applies also without a definition. */
  #findOverride(key: string): EvaluationDetails | undefined {
    const state = this.#state;
    if (!state.isOverridden) return undefined;
    const override = state.findOverride(resolveKey(key, state.snapshot.aliases));
    return override === undefined ? undefined : this.#reported(override);
  }

  #notFound(key: string, fallback: JsonValue | undefined): EvaluationDetails {
    const { ready, aliases, hidden } = this.#state.snapshot;
    const resolved = resolveKey(key, aliases);
    if (hidden === "closed") {
      const message = "the subject's overrides are not loaded";
      return this.fail(resolved, key, fallback, "PROVIDER_NOT_READY", message);
    }
    return ready
      ? this.fail(resolved, key, fallback, "FLAG_NOT_FOUND", `there is no flag "${resolved}"`)
      : this.fail(resolved, key, fallback, "PROVIDER_NOT_READY", "no definitions are loaded yet");
  }

  #reported(details: EvaluationDetails): EvaluationDetails {
    return this.#state.snapshot.stale ? staleDetails(details) : details;
  }
}

/** Before the first read, nothing is asked of the context: a request may not be authenticated yet. */
function unopened({ snapshot, subjects }: ClientHost, context: AnyContext): EvaluationState {
  return new EvaluationState(
    subjects === undefined ? snapshot : subjects.unopened(snapshot),
    context,
  );
}

/** The flag that a key which is none as it stands may mean. */
function findFlag(key: string, { flags, aliases }: Snapshot): CompiledFlag | undefined {
  const resolved = resolveKey(key, aliases);
  return resolved === key ? undefined : flags.get(resolved);
}
