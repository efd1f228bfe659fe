import {
  checkScope,
  type Flag,
  isKey,
  type JsonValue,
  layerOf,
  type OverrideChange,
  resolveKey,
  type Scope,
  scopeKey,
} from "@halyard/core";
import { isTokenRecord } from "../edge/revocations.ts";
import type { OverrideEdit } from "./changes.ts";
import { invalidKey } from "./invalid-key.ts";
import { checkValue, expiryOf, invalid, ownValue } from "./override-values.ts";
import type { RuntimeState } from "./runtime-state.ts";
import type { FlagLookup } from "./store-writes.ts";

/** What is asked for overrides, as changes of a store, by what is known of flags now. */
export class OverrideChanges {
  readonly #state: RuntimeState;

  constructor(state: RuntimeState) {
    this.#state = state;
  }

  /** What was written under keys that are aliases by now goes, or it would go on serving. */
  withOld(changes: readonly OverrideChange[]): OverrideChange[] {
    const old = changes.flatMap((change) =>
      this.namesOf(change.flagKey)
        .slice(1)
        .map((alias) => ({ ...change, flagKey: alias, put: undefined, ifVersion: undefined })),
    );
    return [...changes, ...old];
  }

  /** The key, and those that are aliases of it. */
  namesOf(flagKey: string): readonly string[] {
    const { aliases } = this.#state.replica.snapshot;
    const old = [...aliases].flatMap(([alias, target]) => (target === flagKey ? [alias] : []));
    return [flagKey, ...old];
  }

  /**
   * One change among several of a write, as `set`, `unset` and `delete` would make it, once it is
   * held against the flag by {@link check}.
   */
  plan({ op, key, scope: given, value, ifVersion, ...expiry }: OverrideEdit): OverrideChange {
    const scope = checkScope(given);
    const slot = this.slot(key, scope);
    if (op === "delete") return { ...slot, put: undefined, ifVersion };
    const own = op === "unset" ? undefined : ownValue(value, key);
    const expiresAt = expiryOf(expiry, scope, this.#state.clock());
    return { ...slot, put: { value: own, expiresAt }, ifVersion };
  }

  /** Throws `INVALID_OVERRIDE` for what the flag, as it is after the write, does not take. */
  check({ op, key, value }: OverrideEdit, flagOf: FlagLookup): void {
    if (op === "delete") return;
    const flagKey = this.keyOf(key);
    const own = op === "unset" ? undefined : ownValue(value, key);
    checkWritable(own, flagKey, flagOf(flagKey));
  }

  slot(key: string, scope: Scope): Omit<OverrideChange, "put"> {
    return {
      what: "override",
      flagKey: this.keyOf(key),
      layer: layerOf(scope),
      scope: scopeKey(scope),
    };
  }

  /** Throws `INVALID_KEY`. */
  keyOf(key: string): string {
    const flagKey = resolveKey(key, this.#state.replica.snapshot.aliases);
    if (isKey(flagKey) && !isTokenRecord(flagKey)) return flagKey;
    throw invalidKey(flagKey);
  }

  flag(flagKey: string): Flag | undefined {
    return this.#state.replica.snapshot.flags.get(flagKey)?.flag;
  }
}

/** Throws `INVALID_OVERRIDE` for what the flag does not take; `undefined` for no value. */
export function checkWritable(
  value: JsonValue | undefined,
  flagKey: string,
  flag: Flag | undefined,
): void {
  if (value !== undefined) checkValue(value, flagKey, flag);
  if (flag?.overridable !== false) return;
  throw invalid(`Flag "${flagKey}" is not \`overridable\`: only an emergency overrides it.`);
}
