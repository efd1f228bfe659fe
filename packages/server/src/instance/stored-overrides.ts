import {
  checkScope,
  HalyardError,
  type JsonValue,
  MAX_CHANGES,
  type Override,
  type OverrideChange,
  type Page,
  type Precedence,
  type Scope,
  scopeKey,
  type WriteResult,
} from "@halyard/core";
import { isOverride } from "../edge/revocations.ts";
import { checkWritable, OverrideChanges } from "./override-changes.ts";
import { checkReason, checkValue, expiryOf, invalid, ownValue } from "./override-values.ts";
import type {
  Authorship,
  KillOptions,
  MissingOverride,
  OverrideQuery,
  OverrideRecord,
  Overrides,
  RemoveOptions,
  RestoreOptions,
  SetOptions,
} from "./overrides.ts";
import type { RuntimeState } from "./runtime-state.ts";
import { makeOverride, type SystemOverrides } from "./system-overrides.ts";

const EVERYBODY = "system";

/** {@link KillOptions} of a key that types know nothing of. */
type AnyKillOptions = Omit<KillOptions, "value"> & { readonly value?: JsonValue | undefined };

/** Of callers who leave out who they are, which is then said as for any other nobody. */
const NOBODY = {} as SetOptions & KillOptions;

/** Overrides as a store keeps them. Without one, emergencies are kept in this process. */
export class StoredOverrides implements Overrides {
  readonly #state: RuntimeState;
  readonly #system: SystemOverrides;
  readonly #precedence: Precedence;
  readonly #changes: OverrideChanges;

  constructor(state: RuntimeState, system: SystemOverrides, precedence: Precedence) {
    this.#state = state;
    this.#system = system;
    this.#precedence = precedence;
    this.#changes = new OverrideChanges(state);
  }

  async set(
    key: string,
    scope: Scope,
    value: JsonValue,
    options: SetOptions = NOBODY,
  ): Promise<OverrideRecord> {
    return this.#putOne(key, scope, ownValue(value, key), options);
  }

  async unset(key: string, scope: Scope, options: SetOptions = NOBODY): Promise<OverrideRecord> {
    return this.#putOne(key, scope, undefined, options);
  }

  async delete(
    key: string,
    scope: Scope,
    { ifVersion, ...authorship }: RemoveOptions = NOBODY,
  ): Promise<boolean> {
    const change = { ...this.#changes.slot(key, checkScope(scope)), put: undefined, ifVersion };
    const { changed } = await this.#state.write(
      () => this.#changes.withOld([change]),
      authorship,
      key,
    );
    return changed.includes(true);
  }

  async clear(key: string, options: Authorship = NOBODY): Promise<number> {
    let cleared = 0;
    for (const each of this.#changes.namesOf(this.#changes.keyOf(key))) {
      cleared += await this.#clear(each, key, options);
    }
    return cleared;
  }

  async #clear(flagKey: string, requestedKey: string, options: Authorship): Promise<number> {
    let cleared = 0;
    for (;;) {
      const { items } = await this.#state.read((store) =>
        store.listOverrides({ flagKey }, { limit: MAX_CHANGES }),
      );
      const changes = items.flatMap((override): OverrideChange[] =>
        override.layer === "emergency" || override.layer === "local"
          ? []
          : [{ ...this.#changes.slot(flagKey, override.scope), flagKey, put: undefined }],
      );
      if (changes.length === 0) return cleared;
      const { changed } = await this.#state.write(() => changes, options, requestedKey);
      cleared += changed.filter(Boolean).length;
    }
  }

  /** What was written is known from the write: nothing that happens to it later changes that. */
  async #putOne(
    key: string,
    scope: Scope,
    value: JsonValue | undefined,
    options: SetOptions,
  ): Promise<OverrideRecord> {
    const { overrides } = await this.#put(key, [checkScope(scope)], value, options);
    return overrides?.[0] === undefined ? this.#written(key, scope) : this.#record(overrides[0]);
  }

  /** From a store that does not tell. */
  async #written(key: string, scope: Scope): Promise<OverrideRecord> {
    const found = await this.get(key, scope);
    if (found.state !== "missing") return found;
    throw overtaken(found.flagKey, "deleted");
  }

  async get(key: string, scope: Scope): Promise<OverrideRecord | MissingOverride> {
    const checked = checkScope(scope);
    const { flagKey, layer, scope: name } = this.#changes.slot(key, checked);
    for (const each of this.#changes.namesOf(flagKey)) {
      const { items } = await this.#state.read((store) =>
        store.listOverrides({ flagKey: each, layer, scope: name }, { limit: 1 }),
      );
      if (items[0] !== undefined) return this.#record(items[0]);
    }
    return Object.freeze({ flagKey, scope: checked, state: "missing" });
  }

  async list({
    limit = 100,
    cursor,
    scope,
    ...filter
  }: OverrideQuery = {}): Promise<Page<OverrideRecord>> {
    const name = scope === undefined ? undefined : scopeKey(checkScope(scope));
    const page = await this.#state.read((store) =>
      store.listOverrides({ ...filter, scope: name }, { limit, cursor }),
    );
    return { ...page, items: page.items.filter(isOverride).map((each) => this.#record(each)) };
  }

  async kill(
    key: string,
    { value, ...authorship }: AnyKillOptions = NOBODY,
  ): Promise<OverrideRecord> {
    checkReason(authorship.reason, true);
    const flagKey = this.#changes.keyOf(key);
    const given = value === undefined ? undefined : ownValue(value, key);
    const valueNow = (): JsonValue => {
      const flag = this.#changes.flag(flagKey);
      const served = given === undefined ? (flag?.off ?? false) : given;
      checkValue(served, flagKey, flag);
      return served;
    };
    const { replica } = this.#state;
    const old = this.#system.emergency(key, replica.snapshot);
    if (replica.store !== undefined) {
      // One that was made under a key that is an alias by now goes.
      const stale = old === undefined || old.flagKey === flagKey ? [] : [removal(old.flagKey)];
      const put = () => ({ ...emergencySlot(flagKey), put: { value: valueNow() } });
      const { overrides } = await this.#state.write(() => [put(), ...stale], authorship, key);
      if (overrides?.[0] !== undefined) return this.#record(overrides[0]);
    } else {
      const { actor, reason, at } = this.#state.attribution(authorship);
      const made = makeOverride(flagKey, "emergency", valueNow(), actor, reason, at, old);
      if (old !== undefined) this.#system.keepEmergency(old.flagKey, undefined);
      this.#system.keepEmergency(flagKey, made);
      replica.applyOverrides();
      this.#state.reportEmergency(key, old, made, authorship);
    }
    const made = this.emergency(key);
    if (made !== undefined) return made;
    throw overtaken(flagKey, "restored");
  }

  async restore(key: string, authorship: RestoreOptions = NOBODY): Promise<boolean> {
    const { replica } = this.#state;
    const old = this.#system.emergency(key, replica.snapshot);
    if (replica.store !== undefined) {
      // Also when this process does not know of it yet.
      const change = removal(old?.flagKey ?? this.#changes.keyOf(key));
      const { changed } = await this.#state.write(() => [change], authorship, key);
      return changed.includes(true);
    }
    this.#state.attribution(authorship);
    if (old === undefined) return false;
    this.#system.keepEmergency(old.flagKey, undefined);
    replica.applyOverrides();
    this.#state.reportEmergency(key, old, undefined, authorship);
    return true;
  }

  emergency(key: string): OverrideRecord | undefined {
    const found = this.#system.emergency(key, this.#state.replica.snapshot);
    return found === undefined ? undefined : this.#record(found);
  }

  forEverybody(): readonly OverrideRecord[] {
    return this.#system.all(this.#state.replica.snapshot).map((each) => this.#record(each));
  }

  async rolloutToTenants(
    key: string,
    tenants: readonly string[],
    options: SetOptions,
  ): Promise<void> {
    const scopes = tenants.map((id) => checkScope({ kind: "tenant", id }));
    if (scopes.length === 0) return;
    if (scopes.length > MAX_CHANGES) {
      throw invalid(`${scopes.length} tenants are more than the ${MAX_CHANGES} of one rollout.`);
    }
    await this.#put(key, scopes, true, options);
  }

  enrol(key: string, user: string, options: SetOptions): Promise<OverrideRecord> {
    return this.set(key, { kind: "user", id: user }, true, options);
  }

  withdraw(key: string, user: string, options: RemoveOptions): Promise<boolean> {
    return this.delete(key, { kind: "user", id: user }, options);
  }

  async #put(
    key: string,
    scopes: readonly Scope[],
    value: JsonValue | undefined,
    { expiresAt, expiresIn, ifVersion, ...authorship }: SetOptions,
  ): Promise<WriteResult> {
    const changes = scopes.map((scope) => {
      const ends = expiryOf({ expiresAt, expiresIn, ...authorship }, scope, this.#state.clock());
      return { ...this.#changes.slot(key, scope), put: { value, expiresAt: ends }, ifVersion };
    });
    const plan = (): readonly OverrideChange[] => {
      checkWritable(value, this.#changes.keyOf(key), this.#changes.flag(this.#changes.keyOf(key)));
      return this.#changes.withOld(changes);
    };
    return this.#state.write(plan, authorship, key);
  }

  #record(override: Override): OverrideRecord {
    return Object.freeze({ ...override, priority: this.#precedence[override.layer] });
  }
}

function overtaken(flagKey: string, what: string): HalyardError {
  return new HalyardError(
    "VERSION_CONFLICT",
    `The override of "${flagKey}" was written, and somebody else has ${what} it since.`,
  );
}

function emergencySlot(flagKey: string): Omit<OverrideChange, "put"> {
  return { what: "override", flagKey, layer: "emergency", scope: EVERYBODY };
}

function removal(flagKey: string): OverrideChange {
  return { ...emergencySlot(flagKey), put: undefined };
}
