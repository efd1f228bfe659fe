import {
  type AnyContext,
  hideFlags,
  isLazy,
  JoinedContext,
  type Override,
  OverrideSet,
  type Precedence,
  resolveKey,
  type Snapshot,
  type SubjectLoader,
  type SubjectQuery,
  type SubjectView,
  scopesOf,
  subjectOf,
} from "@halyard/core";
import type { Log } from "../instance/log.ts";
import type { KnownSubject, SubjectCache } from "./subject-cache.ts";

/** What reads see of a subject that is not loaded. */
type FailurePolicy = "open" | "closed";

export interface StoreSubjectsOptions {
  readonly cache: SubjectCache;
  readonly failure: FailurePolicy;
  readonly precedence: Precedence;
  readonly log: Log;
}

interface Compiled {
  /** What it was compiled against. */
  readonly flags: Snapshot["flags"];
  readonly set: OverrideSet;
}

/** Subjects as a store knows them, for clients. */
export class StoreSubjects implements SubjectLoader {
  readonly #options: StoreSubjectsOptions;
  /** As long as neither the subject nor the definitions change, its overrides are compiled once. */
  readonly #compiled = new WeakMap<KnownSubject, Compiled>();

  #unopened: Snapshot | undefined;

  constructor(options: StoreSubjectsOptions) {
    this.#options = options;
  }

  unopened(snapshot: Snapshot): Snapshot {
    if (this.#unopened?.whole !== snapshot) this.#unopened = hideFlags(snapshot, "unopened");
    return this.#unopened as Snapshot;
  }

  load(context: AnyContext): Promise<void> | undefined {
    const query =
      isLazy(context) && context.tentatively !== undefined
        ? context.tentatively(() => queryOf(context))
        : queryOf(context);
    return query === undefined ? undefined : this.#options.cache.load(query);
  }

  open(context: AnyContext, snapshot: Snapshot): SubjectView {
    const query = queryOf(context);
    if (query === undefined) return { snapshot, context, overrides: undefined, known: true };
    const known = this.#options.cache.known(query);
    if (known === undefined) return this.#notLoaded(query, context, snapshot);
    const { groups, overrides } = known;
    return {
      snapshot,
      context: groups.length === 0 ? context : new JoinedContext(context, groups),
      overrides: overrides.length === 0 ? undefined : this.#compile(known, snapshot),
      known: true,
    };
  }

  #notLoaded(query: SubjectQuery, context: AnyContext, whole: Snapshot): SubjectView {
    const { cache, log, failure } = this.#options;
    cache.counts.notLoaded++;
    // Whoever asked and got nothing did what there is to do; the log says what is wrong.
    if (!cache.hasFailed(query)) {
      log.misuse(
        "SUBJECT_NOT_LOADED",
        "A flag was read before the subject's overrides and groups were loaded, so they were missing. Mount flags() after authentication, or `await req.flags.ready()` first; for clients of jobs, `await client.ready()`.",
      );
    }
    const snapshot = failure === "closed" ? hideFlags(whole, "closed") : whole;
    return { snapshot, context, overrides: undefined, known: false };
  }

  #compile(known: KnownSubject, { flags, aliases }: Snapshot): OverrideSet {
    const compiled = this.#compiled.get(known);
    if (compiled?.flags === flags) return compiled.set;
    const renamed = known.overrides.map((override) => followAlias(override, aliases));
    const set = new OverrideSet(renamed, (key) => flags.get(key)?.flag, this.#options.precedence);
    this.#compiled.set(known, { flags, set });
    return set;
  }
}

/** The override of the flag that its key is an alias of by now. */
export function followAlias(override: Override, aliases: Snapshot["aliases"]): Override {
  const flagKey = resolveKey(override.flagKey, aliases);
  return flagKey === override.flagKey ? override : { ...override, flagKey };
}

/** `undefined` for who has no identity at all: there is nothing to know. */
export function queryOf(context: AnyContext): SubjectQuery | undefined {
  const subject = subjectOf(context);
  const scopes = scopesOf(subject);
  return scopes.length === 0 ? undefined : { scopes, user: subject.user };
}
