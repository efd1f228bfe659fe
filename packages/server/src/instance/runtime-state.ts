import {
  type Attribution,
  type AuditEntry,
  type Clock,
  checkActor,
  HalyardError,
  type Override,
  type Store,
  type StoreChange,
  touchedOf,
  type WriteResult,
} from "@halyard/core";
import type { ChangeNotice } from "./change-feed.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";
import type { ChangeEvent, Hooks } from "./options.ts";
import { checkReason } from "./override-values.ts";
import type { Authorship } from "./overrides.ts";
import { closed } from "./refusals.ts";
import { readInTime } from "./source-calls.ts";
import type { PlannedChanges } from "./store-writes.ts";

export interface RuntimeStateOptions {
  readonly replica: DefinitionsReplica;
  readonly clock: Clock;
  readonly onChange: NonNullable<Hooks["onChange"]>;
  /** Told of what was written here, before others hear of it. */
  readonly onWritten: (notice: ChangeNotice) => void;
}

/** Reads and writes of what a store keeps beside definitions. */
export class RuntimeState {
  readonly replica: DefinitionsReplica;
  readonly clock: Clock;
  readonly #options: RuntimeStateOptions;

  constructor(options: RuntimeStateOptions) {
    this.#options = options;
    this.replica = options.replica;
    this.clock = options.clock;
  }

  /** Throws `STORE_UNAVAILABLE`. */
  get store(): Store {
    const { store } = this.replica;
    if (store !== undefined) return store;
    throw new HalyardError(
      "STORE_UNAVAILABLE",
      "There is no store that this could be kept in. Pass a `store`, such as new MemoryStore().",
    );
  }

  /** Rejects with `STORE_UNAVAILABLE` or `STORE_READ_FAILED`. */
  async read<T>(read: (store: Store) => Promise<T>): Promise<T> {
    const { store } = this;
    return readInTime(store, () => read(store));
  }

  /** `plan` is asked for the changes when the writes before are over. `requestedKey`: for hooks. */
  async write(
    plan: () => readonly StoreChange[],
    authorship: Authorship,
    requestedKey?: string,
    { valuesOf, accept }: WriteDetails = {},
  ): Promise<WriteResult> {
    const by = this.attribution(authorship);
    const planned = await this.replica.write(this.store, () => ({ changes: plan(), accept }), by);
    const { result = NOTHING } = planned;
    if (result.audit.length > 0) {
      const touched = result.audit.map(touchedOf);
      this.#options.onWritten({ version: result.version, touched });
      for (const entry of result.audit) {
        this.#report(entry, requestedKey ?? entry.key, valuesOf?.(entry));
      }
    }
    return result;
  }

  /** Throws `CLOSED`, `INVALID_ACTOR` and `INVALID_OVERRIDE`. */
  attribution({ actor, reason, requestId, bypass }: Authorship): Attribution {
    if (this.replica.closed) throw closed();
    return {
      actor: checkActor(actor),
      reason: checkReason(reason),
      requestId,
      at: this.clock(),
      bypass,
    };
  }

  /** An emergency of this process alone, which no store has written down. */
  reportEmergency(
    requestedKey: string,
    old: Override | undefined,
    made: Override | undefined,
    { actor, reason }: Authorship,
  ): void {
    const key = (made ?? old)?.flagKey ?? requestedKey;
    this.#options.onWritten({
      touched: [touchedOf({ what: "override", key, scope: "emergency" })],
    });
    this.#options.onChange({
      key,
      requestedKey,
      action: made === undefined ? "removed" : old === undefined ? "created" : "updated",
      scope: "emergency",
      actor,
      reason,
      oldValue: old?.value,
      newValue: made?.value,
    });
  }

  #report(entry: AuditEntry, requestedKey: string, values?: ChangedValues): void {
    const { key, action, what, scope, actor, reason, before, after } = entry;
    this.#options.onChange({
      key,
      requestedKey,
      action,
      scope: scope ?? what,
      actor,
      reason,
      oldValue: values === undefined ? overrideValue(before) : values.oldValue,
      newValue: values === undefined ? overrideValue(after) : values.newValue,
    });
  }
}

/** What hooks are told of a change, where it is not what the audit has. */
type ChangedValues = Pick<ChangeEvent, "oldValue" | "newValue">;

interface WriteDetails {
  readonly valuesOf?: (entry: AuditEntry) => ChangedValues | undefined;
  readonly accept?: PlannedChanges["accept"];
}

const NOTHING: WriteResult = { version: 0, changed: [], audit: [] };

/** Of what the audit has of an override: the value. */
function overrideValue(audited: AuditEntry["before"]): unknown {
  const isOverride = typeof audited === "object" && audited !== null && "state" in audited;
  return isOverride ? (audited as { value?: unknown }).value : audited;
}
