import {
  type Actor,
  fitsType,
  HalyardError,
  isKey,
  type JsonValue,
  type Layer,
  type Override,
  OverrideSet,
  resolveKey,
  type Snapshot,
  stateOf,
} from "@halyard/core";
import { invalidKey } from "./invalid-key.ts";
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

  constructor(options: SystemOverridesOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  async kill(key: string, { actor, reason, value }: KillOptions): Promise<Override> {
    checkActor(actor);
    if (typeof reason !== "string" || reason.trim() === "") {
      throw new HalyardError("INVALID_OVERRIDE", "An emergency needs a `reason`.");
    }
    const { flags, aliases } = this.#options.snapshot();
    const flagKey = resolveKey(key, aliases);
    if (!isKey(flagKey)) {
      throw invalidKey(flagKey);
    }
    const flag = flags.get(flagKey)?.flag;
    const served = value ?? flag?.off ?? false;
    if (flag !== undefined && !fitsType(served, flag.type)) {
      throw new HalyardError("INVALID_OVERRIDE", `Flag "${flagKey}" is of type ${flag.type}.`);
    }
    const old = this.#emergencies.get(flagKey);
    const now = this.#options.now();
    const override = makeOverride(flagKey, "emergency", served, actor, reason, now, old?.createdAt);
    this.#emergencies.set(flagKey, override);
    this.#options.apply();
    this.#report(key, override, old === undefined ? "created" : "updated", actor, old);
    return override;
  }

  async restore(key: string, { actor }: RestoreOptions): Promise<boolean> {
    checkActor(actor);
    const flagKey = resolveKey(key, this.#options.snapshot().aliases);
    const old = this.#emergencies.get(flagKey);
    if (old === undefined) return false;
    this.#emergencies.delete(flagKey);
    this.#options.apply();
    this.#report(key, undefined, "removed", actor, old);
    return true;
  }

  list(): readonly Override[] {
    return [...this.#emergencies.values(), ...this.#local(this.#options.snapshot())];
  }

  get(key: string): Override | undefined {
    return this.#emergencies.get(resolveKey(key, this.#options.snapshot().aliases));
  }

  /** What evaluation reads; `undefined` when there is no override at all. */
  compile(snapshot: Snapshot): OverrideSet | undefined {
    const all = [...this.#emergencies.values(), ...this.#local(snapshot)];
    if (all.length === 0) return undefined;
    return new OverrideSet(all, (key) => snapshot.flags.get(key)?.flag);
  }

  #local(snapshot: Snapshot): Override[] {
    return [...this.#options.local].map(([key, local]) => {
      const flagKey = resolveKey(key, snapshot.aliases);
      const value = "value" in local ? local.value : valueOfText(local.text, flagKey, snapshot);
      return makeOverride(flagKey, "local", value, LOCAL_ACTOR, undefined, this.#startedAt);
    });
  }

  #report(
    requestedKey: string,
    override: Override | undefined,
    action: "created" | "updated" | "removed",
    actor: Actor,
    old: Override | undefined,
  ): void {
    const key = (override ?? old)?.flagKey ?? requestedKey;
    const [oldValue, newValue] = [old?.value, override?.value];
    const scope = "emergency";
    this.#options.onChange({ key, requestedKey, action, scope, actor, oldValue, newValue });
  }
}

const LOCAL_ACTOR: Actor = { id: "local", type: "configuration" };

function makeOverride(
  flagKey: string,
  layer: Layer,
  value: JsonValue,
  actor: Actor,
  reason: string | undefined,
  now: number,
  createdAt: number = now,
): Override {
  return Object.freeze({
    flagKey,
    layer,
    scope: { kind: "system" } as const,
    state: stateOf(value),
    value,
    reason,
    actor,
    createdAt,
    updatedAt: now,
    expiresAt: undefined,
  });
}

function checkActor(actor: Actor | undefined): void {
  const id: unknown = actor?.id;
  const type: unknown = actor?.type;
  if (typeof id === "string" && id !== "" && typeof type === "string" && type !== "") return;
  throw new HalyardError("INVALID_OVERRIDE", "An override needs an `actor` with `id` and `type`.");
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
