import {
  changeSubjectOf,
  copyPlain,
  freezeJson,
  type GroupChange,
  HalyardError,
  isPlainObject,
  type JsonValue,
  MAX_CHANGES,
  type Problem,
  type ProposalChange,
  type Scope,
  type StoreChange,
  stateOf,
  type WriteResult,
} from "@halyard/core";
import type { Impact, Impacts } from "../sample/impact.ts";
import type { DefinitionEdit, DefinitionWrites } from "./definition-writes.ts";
import { APPLICATION, type Definitions, type WriteOptions } from "./definitions.ts";
import { checkId } from "./groups.ts";
import { OverrideChanges } from "./override-changes.ts";
import type { RuntimeState } from "./runtime-state.ts";
import type { FlagLookup, PlannedChanges } from "./store-writes.ts";

/** The override of one scope set, explicitly unset, or deleted; as methods of `overrides` do. */
export interface OverrideEdit {
  readonly what: "override";
  readonly op: "set" | "unset" | "delete";
  /** Of the flag. */
  readonly key: string;
  readonly scope: Scope;
  /** For `set`. */
  readonly value?: JsonValue | undefined;
  readonly expiresAt?: Date | string | number | undefined;
  /** Milliseconds. */
  readonly expiresIn?: number | undefined;
  readonly ifVersion?: number | undefined;
}

export interface MembershipEdit {
  readonly what: "group";
  readonly op: "add" | "remove";
  readonly group: string;
  readonly user: string;
}

/** One of the changes that are made together. */
export type Change = DefinitionEdit | OverrideEdit | MembershipEdit;

/** What a change does to one flag, segment, override or membership. */
export interface ChangeOutcome {
  readonly what: Change["what"];
  /** Of the flag, the segment, the override's flag, or the group. */
  readonly key: string;
  /** Of an override: the key of its scope. Of a group: the user. */
  readonly scope: string | undefined;
  /** Definitions as written, overrides as `{ state, value, expiresAt }`, membership as `true`. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  /** Whether anything is different now; of a dry run: would be. */
  readonly changed: boolean;
}

export interface ChangeReport {
  /** The store's version after the write; absent for a dry run, and when nothing was to be done. */
  readonly version: number | undefined;
  readonly changes: readonly ChangeOutcome[];
  /** Of a dry run: why the definitions would be refused. */
  readonly problems: readonly Problem[];
  /** Of a dry run, where a sample of subjects is kept: what the changes would do to them. */
  readonly sample?: Impact | undefined;
}

export interface ChangeOptions extends Omit<WriteOptions, "ifVersion"> {
  /** Works out what would change, checks it, and writes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What a change comes to in the store. */
type Planned = Exclude<StoreChange, ProposalChange>;

/** Makes several changes in one write, through the checks that each would go through alone. */
export class Changes {
  readonly #state: RuntimeState;
  readonly #writes: DefinitionWrites;
  readonly #definitions: Definitions;
  readonly #overrides: OverrideChanges;
  readonly #impacts: Impacts | undefined;

  constructor(
    state: RuntimeState,
    writes: DefinitionWrites,
    definitions: Definitions,
    impacts?: Impacts,
  ) {
    this.#state = state;
    this.#writes = writes;
    this.#definitions = definitions;
    this.#overrides = new OverrideChanges(state);
    this.#impacts = impacts;
  }

  /** `beside` is made in the same write, and not reported. */
  async apply(
    given: readonly Change[],
    { dryRun = false, actor = APPLICATION, reason, requestId }: ChangeOptions = {},
    beside: readonly StoreChange[] = [],
  ): Promise<ChangeReport> {
    const changes = ownChanges(given);
    const authorship = { actor, reason, requestId };
    const plan = () => changes.map((change) => this.#plan(change));
    // Also of a flag that one of the changes defines.
    const accept = (flagOf: FlagLookup): void => {
      for (const change of changes) {
        if (change.what === "override") this.#overrides.check(change, flagOf);
      }
    };
    // What no store takes is said as such, also where there is no store.
    for (const { what, key } of changes.filter(isDefinitionEdit)) this.#writes.storeFor(what, key);
    if (dryRun) {
      this.#state.attribution(authorship);
      return this.#preview(plan, accept);
    }
    const old = new Map<string, unknown>();
    let planned: readonly Planned[] = [];
    const result = await this.#state.write(
      () => {
        planned = plan();
        for (const { what, key } of changes.filter(isDefinitionEdit)) {
          if (what === "flag") old.set(key, this.#definitions.get(key)?.definition);
        }
        return [...planned, ...beside];
      },
      authorship,
      undefined,
      {
        valuesOf: ({ what, key }) =>
          what === "flag"
            ? { oldValue: old.get(key), newValue: this.#definitions.get(key)?.definition }
            : undefined,
        accept,
      },
    );
    return {
      version: result.changed.includes(true) ? result.version : undefined,
      changes: outcomes(planned, result),
      problems: [],
    };
  }

  /** The error of a write whose result somebody else has removed before it could be read. */
  overtaken(key: string): HalyardError {
    return new HalyardError(
      "VERSION_CONFLICT",
      `"${key}" was written, and somebody else has removed it since.`,
    );
  }

  #plan(change: Change): Planned {
    if (change.what === "override") return this.#overrides.plan(change);
    if (change.what === "group") return membership(change);
    return this.#writes.plan(change);
  }

  async #preview(
    plan: () => readonly Planned[],
    accept: PlannedChanges["accept"],
  ): Promise<ChangeReport> {
    const { replica, store } = this.#state;
    const preview = await replica.preview(store, () => {
      const changes = plan();
      const written = changes.map((change) => {
        if (change.what !== "flag" && change.what !== "segment") return undefined;
        this.#writes.checkVersion(change);
        return this.#writes.written(change.what, change.key);
      });
      return { changes, written, accept };
    });
    const { changes, written } = preview.plan;
    const outcomes = changes.map(async (change, index): Promise<ChangeOutcome> => {
      const before = written[index] ?? (await this.#before(change));
      const after = valueAfter(change);
      const changed = JSON.stringify(before) !== JSON.stringify(after);
      return { what: change.what, ...changeSubjectOf(change), before, after, changed };
    });
    return {
      version: undefined,
      changes: await Promise.all(outcomes),
      problems: preview.problems,
      sample: preview.compile && (await this.#impacts?.of(changes, await preview.compile())),
    };
  }

  /** What the store has of what is not replicated. */
  async #before(change: Planned): Promise<JsonValue | undefined> {
    if (change.what === "group") {
      const groups = await this.#state.read((store) => store.groupsOf(change.user));
      return groups.includes(change.group) ? true : undefined;
    }
    if (change.what !== "override") return undefined;
    const { flagKey, layer, scope } = change;
    const { items } = await this.#state.read((store) =>
      store.listOverrides({ flagKey, layer, scope }, { limit: 1 }),
    );
    const [found] = items;
    if (change.ifVersion !== undefined && change.ifVersion !== (found?.version ?? 0)) {
      throw new HalyardError(
        "VERSION_CONFLICT",
        `The override of "${flagKey}" is at version ${found?.version ?? 0}, and the change was made for version ${change.ifVersion}.`,
      );
    }
    return found && overrideValue(found.value, found.expiresAt);
  }
}

/** Each once: what a second change is to be applied to would not be there before the write. */
function ownChanges(given: readonly Change[]): readonly Change[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_CHANGES) {
    throw new HalyardError("INVALID_OPTIONS", `Pass a list of 1 to ${MAX_CHANGES} changes.`);
  }
  return given.map((change) => {
    if (isPlainObject(change) && KINDS.has(change.what)) return copyPlain(change) as Change;
    const message = "A change is an object whose `what` is flag, segment, override or group.";
    throw new HalyardError("INVALID_OPTIONS", message);
  });
}

const KINDS: ReadonlySet<unknown> = new Set(["flag", "segment", "override", "group"]);

function isDefinitionEdit(change: Change): change is DefinitionEdit {
  return change.what === "flag" || change.what === "segment";
}

function membership({ group, user, op }: MembershipEdit): GroupChange {
  checkId("group", group);
  checkId("user", user);
  return { what: "group", group, user, member: op === "add" };
}

function outcomes(
  changes: readonly Planned[],
  { changed, audit }: WriteResult,
): readonly ChangeOutcome[] {
  // The audit has the changes that changed something, in their order.
  const entries = audit.values();
  return changes.map((change, index) => {
    const isChanged = changed[index] === true;
    const entry = isChanged ? entries.next().value : undefined;
    const { before, after } = entry ?? {};
    return { what: change.what, ...changeSubjectOf(change), before, after, changed: isChanged };
  });
}

function valueAfter(change: Planned): JsonValue | undefined {
  switch (change.what) {
    case "group":
      return change.member ? true : undefined;
    case "override":
      return typeof change.put === "object"
        ? overrideValue(change.put.value, change.put.expiresAt)
        : undefined;
    default:
      return change.definition;
  }
}

/** As the audit has it. */
function overrideValue(
  value: JsonValue | undefined,
  expiresAt: number | undefined,
): JsonValue | undefined {
  return freezeJson({
    state: stateOf(value),
    ...(value === undefined ? {} : { value }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}
