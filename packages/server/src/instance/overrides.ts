import type {
  Actor,
  AuditEntry,
  AuditFilter,
  FlagKey,
  FlagKeyOf,
  FlagValue,
  Override,
  OverrideFilter,
  Page,
  Scope,
} from "@halyard/core";

/** An override with the priority of its layer. */
export interface OverrideRecord extends Override {
  readonly priority: number;
}

/** What reading a slot that holds nothing gives. */
export interface MissingOverride {
  readonly flagKey: string;
  readonly scope: Scope;
  readonly state: "missing";
  readonly value?: undefined;
}

/** Who writes, and why. */
export interface Authorship {
  readonly actor: Actor;
  readonly reason?: string | undefined;
  /** Of the request that asked for it; for the audit. */
  readonly requestId?: string | undefined;
  /** An emergency that does not wait for a review; for the audit. */
  readonly bypass?: boolean | undefined;
}

export interface SetOptions extends Authorship {
  /** When it ends: a time in the future, as a `Date`, ISO 8601, or epoch milliseconds. */
  readonly expiresAt?: Date | string | number | undefined;
  /** When it ends, in milliseconds from now. Sessions' overrides end after 24 hours by default. */
  readonly expiresIn?: number | undefined;
  /** Only while the override has this version; 0: only while there is none. Else `VERSION_CONFLICT`. */
  readonly ifVersion?: number | undefined;
}

export interface RemoveOptions extends Authorship {
  readonly ifVersion?: number | undefined;
}

export interface KillOptions<Key extends FlagKey = FlagKey> extends Authorship {
  readonly reason: string;
  /** Default: the flag's off value; `false` for a flag without a definition. */
  readonly value?: FlagValue<Key> | undefined;
}

export type RestoreOptions = Authorship;

export interface ListPage {
  /** Most items to return, 1 to 1000. Default 100. */
  readonly limit?: number | undefined;
  /** The `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface OverrideQuery extends Omit<OverrideFilter, "scope">, ListPage {
  readonly scope?: Scope | undefined;
}

/**
 * Runtime values that beat what definitions say: by flag and scope, and for everybody in an
 * emergency. Writes resolve when reads of new clients in this process see them. They reject, with
 * nothing changed, with `INVALID_KEY`, `INVALID_SCOPE`, `INVALID_ACTOR`, `INVALID_OVERRIDE`,
 * `STORE_UNAVAILABLE` (without a `store` there are only emergencies, of this process),
 * `STORE_WRITE_FAILED`, `VERSION_CONFLICT` or `CLOSED`.
 */
export interface Overrides {
  /** The value that the scope's subjects get. */
  set<Key extends FlagKey>(
    key: Key,
    scope: Scope,
    value: FlagValue<Key>,
    options: SetOptions,
  ): Promise<OverrideRecord>;
  /** Says that the scope has no value: the next layer serves. Kept, unlike what is deleted. */
  unset(key: FlagKey, scope: Scope, options: SetOptions): Promise<OverrideRecord>;
  /** Takes the scope's override away. `false` when there was none. */
  delete(key: FlagKey, scope: Scope, options: RemoveOptions): Promise<boolean>;
  /** Takes all overrides of a flag away but an emergency. Gives how many there were. */
  clear(key: FlagKey, options: Authorship): Promise<number>;
  /** The override of a scope, whether or not it is in force. */
  get(key: FlagKey, scope: Scope): Promise<OverrideRecord | MissingOverride>;
  /** What is stored, emergencies too, in the order of flag, layer and scope, a page at a time. */
  list(query?: OverrideQuery): Promise<Page<OverrideRecord>>;

  /**
   * The emergency slot of a flag: beats everything, for everybody, in every process, until
   * `restore`. No other write touches it.
   */
  kill<Key extends FlagKey>(key: Key, options: KillOptions<Key>): Promise<OverrideRecord>;
  /** Takes the emergency back. `false` when there was none. */
  restore(key: FlagKey, options: RestoreOptions): Promise<boolean>;
  /** The emergency of a flag, as this process knows it. */
  emergency(key: FlagKey): OverrideRecord | undefined;
  /** Emergencies and overrides of the layers `local` and `system`, as this process knows them. */
  forEverybody(): readonly OverrideRecord[];

  /** Turns a boolean flag on for tenants, all at once or for none. At most 1000. */
  rolloutToTenants(
    key: FlagKeyOf<boolean>,
    tenants: readonly string[],
    options: SetOptions,
  ): Promise<void>;
  /** Turns a boolean flag on for a user. */
  enrol(key: FlagKeyOf<boolean>, user: string, options: SetOptions): Promise<OverrideRecord>;
  /** Undoes `enrol`. `false` when there was nothing to undo. */
  withdraw(key: FlagKeyOf<boolean>, user: string, options: RemoveOptions): Promise<boolean>;
}

/** Who is in which group. A subject's groups join those of its context. Writes reject as `set`. */
export interface Groups {
  /** `false` when the user is in it already. */
  add(group: string, user: string, options: Authorship): Promise<boolean>;
  /** `false` when the user is not in it. */
  remove(group: string, user: string, options: Authorship): Promise<boolean>;
  groupsOf(user: string): Promise<readonly string[]>;
  members(group: string, page?: ListPage): Promise<Page<string>>;
}

/** What was written to the store, by whom and why. */
export interface Audit {
  /** Newest first, a page at a time. */
  list(query?: AuditFilter & ListPage): Promise<Page<AuditEntry>>;
}
