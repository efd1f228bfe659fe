import {
  type Actor,
  fitsType,
  type JsonValue,
  type Layer,
  type Override,
  OverrideSet,
  type Precedence,
  resolveKey,
  type Scope,
  type Snapshot,
  stateOf,
  variantsOf,
} from "@halyard/core";
import { followAlias } from "../subjects/subject-loader.ts";
import type { Log } from "./log.ts";
import type { FlagsOptions } from "./options.ts";
import { ownValue } from "./override-values.ts";

export interface SystemOverridesOptions {
  /** The local layer: values in code, and texts of `FEATURE_OVERRIDES`. */
  readonly local: ReadonlyMap<string, LocalOverride>;
  readonly precedence: Precedence;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly log: Log;
}

/** A value, or a text whose meaning depends on the flag's type: `true`, `12`, a variant's name. */
export type LocalOverride = { readonly value: JsonValue } | { readonly text: string };

/** Overrides that hold for everybody: the local ones, those of the store, and emergencies. */
export class SystemOverrides {
  readonly #options: SystemOverridesOptions;
  /** Of this process alone, where there is no store to keep them. */
  readonly #emergencies = new Map<string, Override>();
  /** As the store gave them last. */
  #stored: readonly Override[] = [];
  /** Warnings that were given; as many as there are overrides and types. */
  readonly #told = new Set<string>();

  constructor(options: SystemOverridesOptions) {
    this.#options = options;
  }

  /** The emergency of a flag, also when its key has become an alias since. */
  emergency(key: string, { aliases }: Snapshot): Override | undefined {
    const flagKey = resolveKey(key, aliases);
    const all = [...this.#emergencies.values(), ...this.#stored].filter(
      ({ layer }) => layer === "emergency",
    );
    return (
      all.find((override) => override.flagKey === flagKey) ??
      all.find((override) => resolveKey(override.flagKey, aliases) === flagKey)
    );
  }

  /** Keeps an emergency in this process; `undefined` forgets it. */
  keepEmergency(key: string, override: Override | undefined): void {
    if (override === undefined) this.#emergencies.delete(key);
    else this.#emergencies.set(key, override);
  }

  all(snapshot: Snapshot): readonly Override[] {
    return [...this.#emergencies.values(), ...this.#stored, ...this.#local(snapshot)];
  }

  /** What evaluation reads; `undefined` when there is no override at all. */
  compile(snapshot: Snapshot, stored: readonly Override[]): OverrideSet | undefined {
    this.#stored = stored;
    const all = this.all(snapshot).map((override) => followAlias(override, snapshot.aliases));
    if (all.length === 0) return undefined;
    for (const override of all) this.#warnIfIneffective(override, snapshot);
    return new OverrideSet(all, (key) => snapshot.flags.get(key)?.flag, this.#options.precedence);
  }

  /** A flag's type can change under its override, which must not pass in silence. */
  #warnIfIneffective({ flagKey, layer, value }: Override, snapshot: Snapshot): void {
    const type = snapshot.flags.get(flagKey)?.type;
    if (type === undefined || value === undefined || fitsType(value, type)) return;
    const message = `The ${layer} override of "${flagKey}" has no effect: the flag is of type ${type}, the value ${JSON.stringify(value)} is not.`;
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.log.error(message);
  }

  #local(snapshot: Snapshot): Override[] {
    // Of two names of one flag, the one that was written last has the say.
    const byFlag = new Map(
      [...this.#options.local].map(([key, local]) => [resolveKey(key, snapshot.aliases), local]),
    );
    return [...byFlag].map(([flagKey, local]) => {
      const value = "value" in local ? local.value : valueOfText(local.text, flagKey, snapshot);
      return makeOverride(flagKey, "local", value, LOCAL_ACTOR, undefined, this.#options.startedAt);
    });
  }
}

const EVERYBODY: Scope = Object.freeze({ kind: "system" });
const LOCAL_ACTOR: Actor = { id: "local", type: "configuration" };

/** An override that no store keeps. */
export function makeOverride(
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

/** `true` and `false` for booleans; for others a variant's name, or the value as JSON or text. */
function valueOfText(text: string, key: string, snapshot: Snapshot): JsonValue {
  const flag = snapshot.flags.get(key)?.flag;
  const variant = flag && variantsOf(flag).find(({ name }) => name === text);
  if (variant !== undefined) return variant.value;
  if (flag?.type === "string") return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Code wins over environment. */
export function localOverrides(
  texts: ReadonlyMap<string, string>,
  values: Required<FlagsOptions>["overrides"] & object,
): ReadonlyMap<string, LocalOverride> {
  return new Map<string, LocalOverride>([
    ...[...texts].map(([key, text]) => [key, { text }] as const),
    ...Object.entries(values).map(
      ([key, value]) => [key, { value: ownValue(value, key) }] as const,
    ),
  ]);
}
