import {
  type Actor,
  checkActor,
  copyPlain,
  fitsType,
  freezeJson,
  HalyardError,
  isKey,
  type JsonValue,
  type Layer,
  type Override,
  OverrideSet,
  resolveKey,
  type Scope,
  type Snapshot,
  stateOf,
} from "@halyard/core";
import { invalidKey } from "./invalid-key.ts";
import type { Log } from "./log.ts";
import type { Hooks } from "./options.ts";

/** Runtime values that beat what definitions say. */
export interface Overrides {
  /**
   * The emergency slot of a flag: beats everything, for everybody, until `restore`. Clients made
   * from now on see it. Rejects with `INVALID_OVERRIDE` without actor or reason, or when the value
   * is not of the flag's type, and with `INVALID_KEY`.
   */
  kill(key: string, options: KillOptions): Promise<Override>;
  /** Takes the emergency back. `false` when there was none. */
  restore(key: string, options: RestoreOptions): Promise<boolean>;
  /** The emergency and local overrides in force. */
  list(): readonly Override[];
  /** The emergency override of a flag. */
  get(key: string): Override | undefined;
}

export interface KillOptions {
  readonly actor: Actor;
  readonly reason: string;
  /** Default: the flag's off value; `false` for a flag without a definition. */
  readonly value?: JsonValue | undefined;
}

export interface RestoreOptions {
  readonly actor: Actor;
  readonly reason?: string | undefined;
}

export interface SystemOverridesOptions {
  /** The local layer: values in code, and texts of `FEATURE_OVERRIDES`. */
  readonly local: ReadonlyMap<string, LocalOverride>;
  readonly now: () => number;
  readonly snapshot: () => Snapshot;
  readonly log: Log;
  /** Called after a change, to make it seen. */
  readonly apply: () => void;
  readonly onChange: NonNullable<Hooks["onChange"]>;
}

/** A value, or a text whose meaning depends on the flag's type: `true`, `12`, a variant's name. */
export type LocalOverride = { readonly value: JsonValue } | { readonly text: string };

/** Overrides that hold for everybody, kept in this process: the emergency and the local layer. */
export class SystemOverrides implements Overrides {
  readonly #options: SystemOverridesOptions;
  readonly #emergencies = new Map<string, Override>();
  readonly #startedAt: number;
  /** Warnings that were given; as many as there are overrides and types. */
  readonly #told = new Set<string>();

  constructor(options: SystemOverridesOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  async kill(key: string, { actor, reason, value }: KillOptions): Promise<Override> {
    checkActor(actor);
    if (typeof reason !== "string" || reason.trim() === "") {
      throw new HalyardError("INVALID_OVERRIDE", "An emergency needs a `reason`.");
    }
    const flagKey = this.#resolve(key);
    if (!isKey(flagKey)) throw invalidKey(flagKey);
    const flag = this.#options.snapshot().flags.get(flagKey)?.flag;
    const served = value === undefined ? (flag?.off ?? false) : ownValue(value, key);
    if (flag !== undefined && !fitsType(served, flag.type)) {
      throw new HalyardError("INVALID_OVERRIDE", `Flag "${flagKey}" is of type ${flag.type}.`);
    }
    const old = this.get(key);
    if (old !== undefined) this.#emergencies.delete(old.flagKey);
    const now = this.#options.now();
    const override = makeOverride(flagKey, "emergency", served, actor, reason, now, old);
    this.#emergencies.set(flagKey, override);
    this.#options.apply();
    this.#report(key, override, old === undefined ? "created" : "updated", { actor, reason }, old);
    return override;
  }

  async restore(key: string, { actor, reason }: RestoreOptions): Promise<boolean> {
    checkActor(actor);
    const old = this.get(key);
    if (old === undefined) return false;
    this.#emergencies.delete(old.flagKey);
    this.#options.apply();
    this.#report(key, undefined, "removed", { actor, reason }, old);
    return true;
  }

  list(): readonly Override[] {
    return [...this.#emergencies.values(), ...this.#local(this.#options.snapshot())];
  }

  /** Also when its flag has got another key since: the old one is then an alias. */
  get(key: string): Override | undefined {
    const flagKey = this.#resolve(key);
    const exact = this.#emergencies.get(flagKey);
    if (exact !== undefined) return exact;
    return [...this.#emergencies.values()].find((each) => this.#resolve(each.flagKey) === flagKey);
  }

  /** What evaluation reads; `undefined` when there is no override at all. */
  compile(snapshot: Snapshot, stored: readonly Override[]): OverrideSet | undefined {
    const emergencies = [...this.#emergencies.values()].map((override) => {
      const flagKey = resolveKey(override.flagKey, snapshot.aliases);
      this.#warnIfIneffective(override, flagKey, snapshot);
      return flagKey === override.flagKey ? override : { ...override, flagKey };
    });
    const all = [...emergencies, ...stored, ...this.#local(snapshot)];
    if (all.length === 0) return undefined;
    return new OverrideSet(all, (key) => snapshot.flags.get(key)?.flag);
  }

  /** A flag's type can change under its override, which must not pass in silence. */
  #warnIfIneffective({ layer, value }: Override, flagKey: string, snapshot: Snapshot): void {
    const type = snapshot.flags.get(flagKey)?.type;
    if (type === undefined || value === undefined || fitsType(value, type)) return;
    const message = `The ${layer} override of "${flagKey}" has no effect: the flag is of type ${type}, the value ${JSON.stringify(value)} is not.`;
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.log.error(message);
  }

  #resolve(key: string): string {
    return resolveKey(key, this.#options.snapshot().aliases);
  }

  #local(snapshot: Snapshot): Override[] {
    return [...this.#options.local].map(([key, local]) => {
      const flagKey = resolveKey(key, snapshot.aliases);
      const value = "value" in local ? local.value : valueOfText(local.text, flagKey, snapshot);
      const override = makeOverride(
        flagKey,
        "local",
        value,
        LOCAL_ACTOR,
        undefined,
        this.#startedAt,
      );
      this.#warnIfIneffective(override, flagKey, snapshot);
      return override;
    });
  }

  #report(
    requestedKey: string,
    override: Override | undefined,
    action: "created" | "updated" | "removed",
    why: { readonly actor: Actor; readonly reason: string | undefined },
    old: Override | undefined,
  ): void {
    const key = (override ?? old)?.flagKey ?? requestedKey;
    const [oldValue, newValue] = [old?.value, override?.value];
    const scope = "emergency";
    this.#options.onChange({ key, requestedKey, action, scope, ...why, oldValue, newValue });
  }
}

const EVERYBODY: Scope = Object.freeze({ kind: "system" });
const LOCAL_ACTOR: Actor = { id: "local", type: "configuration" };

function makeOverride(
  flagKey: string,
  layer: Layer,
  value: JsonValue,
  actor: Actor,
  reason: string | undefined,
  now: number,
  { createdAt = now, createdBy = actor }: Partial<Override> = {},
): Override {
  return Object.freeze({
    flagKey,
    layer,
    scope: EVERYBODY,
    state: stateOf(value),
    value,
    reason,
    actor,
    createdAt,
    createdBy,
    updatedAt: now,
    expiresAt: undefined,
    version: 0,
  });
}

/** The value as nobody else can change it. Throws `INVALID_OVERRIDE` for what is no JSON. */
export function ownValue(value: unknown, key: string): JsonValue {
  const frozen = freezeJson(copyPlain(value));
  if (frozen !== undefined) return frozen;
  throw new HalyardError("INVALID_OVERRIDE", `The value for "${key}" is no JSON value.`);
}

/** `true` and `false` for booleans; for others a variant's name, or the value as JSON or text. */
function valueOfText(text: string, key: string, snapshot: Snapshot): JsonValue {
  const flag = snapshot.flags.get(key)?.flag;
  const variant = flag?.variants.find(({ name }) => name === text);
  if (variant !== undefined) return variant.value;
  if (flag?.type === "string") return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
