import {
  type Attribution,
  type Flag,
  MAX_CHANGES,
  type Problem,
  type Snapshot,
  type Store,
  type StoreChange,
  type WriteResult,
} from "@halyard/core";
import { withDeadline } from "./deadline.ts";
import {
  changesDefinitions,
  isReplicated,
  overridesAfter,
  segmentVersionsAfter,
  withChanges,
} from "./documents.ts";
import { type FollowedSources, type Picked, SERVED } from "./followed-sources.ts";
import type { Intake } from "./intake.ts";
import { closed, isInvalid, tooMany, unsent } from "./refusals.ts";
import { type Contents, type Documents, writeStore } from "./source-calls.ts";
import type { SourceFollower } from "./source-follower.ts";

/** Milliseconds that a write waits for those before it, when the store hangs. */
const PATIENCE = 10_000;

/** Milliseconds that a store has to give back what was just written. */
const READ_BACK_DEADLINE = 2000;

/**
 * Writes to the store of a replica, each in its turn: checking a write, making it and serving it
 * are one step.
 */
export class StoreWrites {
  readonly #followed: FollowedSources;
  readonly #intake: Intake;

  constructor(followed: FollowedSources, intake: Intake) {
    this.#followed = followed;
    this.#intake = intake;
  }

  /**
   * Makes all changes in the store, or none, and resolves once reads see them. `plan` is asked for
   * them when it is their turn, so that it sees what the write before left. Definitions are
   * checked first, with what is in the other sources: `INVALID_DEFINITIONS` and nothing written.
   */
  write<T extends PlannedChanges>(
    store: Store,
    plan: () => T,
    by: Attribution,
  ): Promise<{ readonly plan: T; readonly result: WriteResult | undefined }> {
    const until = performance.now() + PATIENCE;
    return this.#intake.queue.run(async () => {
      if (performance.now() > until) throw unsent(store.name);
      const { planned, follower, documents, others } = await this.#plan(store, plan);
      const { changes } = planned;
      if (changes.length === 0) return { plan: planned, result: undefined };
      const result = await this.#intake.hold(() => writeStore(store, changes, by));
      if (result.changed.includes(true) && changes.some(isReplicated)) {
        const before = follower.latest?.overrides ?? [];
        const overrides = overridesAfter(before, changes, by, result);
        const versions = follower.latest?.segmentVersions;
        const segmentVersions = segmentVersionsAfter(versions, changes, result);
        await this.#seeWritten(follower, { documents, overrides, segmentVersions }, others, result);
      }
      return { plan: planned, result };
    });
  }

  /** What {@link write} would be about to write: checked, as of now, and not written. */
  preview<T extends PlannedChanges>(store: Store, plan: () => T): Promise<Preview<T>> {
    return this.#intake.queue.run(async () => {
      let planned: T | undefined;
      try {
        const { follower, documents, others } = await this.#plan(store, () => {
          planned = plan();
          return planned;
        });
        const inputs = this.#inputsWith(follower, documents, others);
        const { loader, serving } = this.#intake;
        const compile = async () => (await loader.load(inputs, serving.snapshot)).snapshot;
        return { plan: planned as T, problems: [], compile };
      } catch (error) {
        if (planned === undefined || !isInvalid(error)) throw error;
        return { plan: planned, problems: error.problems, compile: undefined };
      }
    });
  }

  async #plan<T extends PlannedChanges>(store: Store, plan: () => T) {
    if (this.#intake.closed) throw closed();
    const planned = plan();
    const { changes } = planned;
    if (changes.length > MAX_CHANGES) throw tooMany(changes.length);
    const follower = this.#followed.of(store);
    if (follower === undefined) throw new TypeError(`${store.name} is not followed`);
    const documents = withChanges(follower.latest?.documents ?? [], store.name, changes);
    const after = changesDefinitions(changes) ? await this.#check(follower, documents) : undefined;
    const { snapshot } = this.#intake.serving;
    planned.accept?.((key) =>
      after === undefined ? snapshot.flags.get(key)?.flag : after.flags.get(key),
    );
    return { planned, follower, documents, others: after?.others ?? SERVED };
  }

  /**
   * Gives what of the other sources the documents can serve with, and the flags that serve then.
   * Rejects when there is none.
   */
  async #check(follower: SourceFollower, documents: Documents): Promise<Checked> {
    const { latest } = this.#followed;
    const attempt = async (others: Picked): Promise<Checked> => {
      const inputs = this.#inputsWith(follower, documents, others);
      const { set } = await this.#intake.loader.check(inputs);
      return { others, flags: set.flags };
    };
    try {
      return await attempt(latest);
    } catch (error) {
      if (this.#followed.changed.length === 0) throw error;
      // What is wrong elsewhere does not keep the store from being written.
      return attempt(SERVED);
    }
  }

  #inputsWith({ name }: SourceFollower, documents: Documents, others: Picked) {
    const inputs = this.#followed.inputs(others);
    return inputs.map((one) => (one.source === name ? { ...one, documents } : one));
  }

  /** Takes over what was written; what was acknowledged is served, whether or not it can be read. */
  async #seeWritten(
    follower: SourceFollower,
    written: Omit<Contents, "version">,
    others: Picked,
    { version, audit }: WriteResult,
  ): Promise<void> {
    const what = [...new Set(audit.map(({ key }) => key))];
    let failure: unknown;
    try {
      const late = `${follower.name} did not give back in time what was written to it.`;
      const read = follower.readBack(version);
      await withDeadline(read, READ_BACK_DEADLINE, "STORE_READ_FAILED", late);
    } catch (error) {
      failure = error;
      follower.assume({ ...written, version });
    }
    await this.#intake.load(what, new Map(others).set(follower, follower.latest));
    if (failure === undefined) return;
    this.#intake.degrade(follower.name, failure, [follower.name]);
    follower.read();
  }
}

interface Checked {
  readonly others: Picked;
  readonly flags: ReadonlyMap<string, Flag>;
}

/** The flag of a key, as it is once the changes are made. */
export type FlagLookup = (key: string) => Flag | undefined;

export interface PlannedChanges {
  readonly changes: readonly StoreChange[];
  /** Throws what the changes can't be made for, with the flags that serve after them. */
  readonly accept?: ((flagOf: FlagLookup) => void) | undefined;
}

export interface Preview<T extends PlannedChanges> {
  readonly plan: T;
  /** Why the definitions that the changes lead to would be refused. */
  readonly problems: readonly Problem[];
  /** Gives what would serve then, but for overrides; absent when there are problems. */
  readonly compile: (() => Promise<Snapshot>) | undefined;
}
