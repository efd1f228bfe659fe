import {
  type EvaluationContext,
  type EvaluationDetails,
  EvaluationState,
  JoinedContext,
  type JsonValue,
  jsonEqual,
  type Override,
  OverrideSet,
  type Precedence,
  parseScopeKey,
  peekAssignments,
  type Snapshot,
  type StoreChange,
  type SubjectLoader,
  scopeKey,
  stateOf,
} from "@halyard/core";
import { runSliced } from "../instance/run-sliced.ts";
import type { SystemOverrides } from "../instance/system-overrides.ts";
import type { KnownSubject, SubjectCache } from "../subjects/subject-cache.ts";
import { followAlias, queryOf } from "../subjects/subject-loader.ts";
import { affectedFlags } from "./affected.ts";
import { allMentions } from "./mentions.ts";
import type { SubjectSample } from "./subject-sample.ts";
import { type FlagImpact, Tally } from "./tally.ts";

/** What a change would do to the subjects that were seen lately. Says nothing of who they are. */
export interface Impact {
  /** Subjects that were looked at. */
  readonly size: number;
  /** Those who would get another value of some flag. */
  readonly changed: number;
  /** Flags that would give some of them another value, those of most subjects first. */
  readonly flags: readonly FlagImpact[];
  /** Attributes that the change asks for and that are not kept: what depends on them is not seen. */
  readonly unsampled: readonly string[];
}

export interface ImpactsOptions {
  readonly sample: SubjectSample;
  /** Absent without a store. */
  readonly cache: SubjectCache | undefined;
  /** What there is to wait for before reads of a subject; absent where there is nothing. */
  readonly loader: SubjectLoader | undefined;
  readonly system: SystemOverrides;
  readonly precedence: Precedence;
  readonly snapshot: () => Snapshot;
}

/** Subjects that are read from the store at once. */
const AT_ONCE = 20;

/** Most comparisons of one change: where it touches many flags, fewer subjects are looked at. */
const MAX_COMPARISONS = 1_000_000;
const MIN_SUBJECTS = 50;

/** Comparisons between two looks at the time. */
const STRIDE = 16;

const UNKNOWN: KnownSubject = { overrides: [], groups: [] };

/** Works out what changes would do to a sample of subjects. */
export class Impacts {
  readonly #options: ImpactsOptions;

  constructor(options: ImpactsOptions) {
    this.#options = options;
  }

  /** `definitions`: the snapshot that the changes of flags and segments lead to, if there are any. */
  async of(
    changes: readonly StoreChange[],
    definitions: Snapshot = this.#options.snapshot(),
  ): Promise<Impact> {
    const before = this.#options.snapshot();
    const after = { ...definitions, overrides: this.#overridesAfter(changes, definitions) };
    const keys = await runSliced(affectedFlags(before, after, changes));
    const most = Math.max(MIN_SUBJECTS, Math.floor(MAX_COMPARISONS / Math.max(1, keys.size)));
    const subjects = await this.#subjects(most);
    const tally = new Tally(subjects.length);
    const { precedence } = this.#options;
    function* all(): Generator<void, void, void> {
      const pairs: { readonly old: EvaluationState; readonly next: EvaluationState }[] = [];
      for (const { context, known } of subjects) {
        const old = stateFor(context, known, before, precedence);
        const next = stateFor(context, knownAfter(context, known, changes), after, precedence);
        pairs.push({ old, next });
        yield;
      }
      // A flag for all subjects, then the next one: the other way round is many times slower.
      for (const key of keys) {
        for (const [index, { old, next }] of pairs.entries()) {
          const [from, to] = peekAssignments(after, () => [served(old, key), served(next, key)]);
          if (!isSame(from?.value, to?.value)) tally.add(key, index, from, to);
          if (index % STRIDE === 0) yield;
        }
      }
    }
    await runSliced(all());
    return {
      size: subjects.length,
      changed: tally.subjects,
      flags: tally.flags(),
      unsampled: await runSliced(this.#unsampled(keys, before, after)),
    };
  }

  /** The sample with what the store knows of each; without those of whom it can't be had now. */
  async #subjects(most: number): Promise<readonly SampledSubject[]> {
    const { sample, cache, loader } = this.#options;
    const found: SampledSubject[] = [];
    const all = sample.subjects.slice(0, most);
    for (let first = 0; first < all.length; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE).map(async (context) => {
        await loader?.load(context);
        const known = await knownOf(context, cache);
        return known === undefined ? [] : [{ context, known }];
      });
      found.push(...(await Promise.all(some)).flat());
    }
    return found;
  }

  #overridesAfter(changes: readonly StoreChange[], after: Snapshot): OverrideSet | undefined {
    const { system, precedence } = this.#options;
    const own = overridesAfter(system.all(after), changes, (scope) => scope === "system");
    return setOf(own, after, precedence);
  }

  *#unsampled(
    keys: ReadonlySet<string>,
    before: Snapshot,
    after: Snapshot,
  ): Generator<void, readonly string[], void> {
    const kept = this.#options.sample.names(before);
    const missing = new Set<string>();
    for (const key of keys) {
      yield;
      const flag = after.flags.get(key)?.flag;
      if (flag === undefined) continue;
      for (const name of allMentions(flag, after).attributes) {
        if (!kept.has(name) && name !== "targetingKey") missing.add(name);
      }
    }
    return [...missing].sort();
  }
}

interface SampledSubject {
  readonly context: EvaluationContext;
  readonly known: KnownSubject;
}

async function knownOf(
  context: EvaluationContext,
  cache: SubjectCache | undefined,
): Promise<KnownSubject | undefined> {
  const query = queryOf(context);
  if (cache === undefined || query === undefined) return UNKNOWN;
  const known = cache.known(query);
  if (known !== undefined) return known;
  await cache.load(query);
  return cache.known(query);
}

function stateFor(
  context: EvaluationContext,
  { overrides, groups }: KnownSubject,
  snapshot: Snapshot,
  precedence: Precedence,
): EvaluationState {
  const whole = groups.length === 0 ? context : new JoinedContext(context, groups);
  return new EvaluationState(snapshot, whole, setOf(overrides, snapshot, precedence));
}

function setOf(
  overrides: readonly Override[],
  { aliases, flags }: Snapshot,
  precedence: Precedence,
): OverrideSet | undefined {
  if (overrides.length === 0) return undefined;
  const named = overrides.map((override) => followAlias(override, aliases));
  return new OverrideSet(named, (key) => flags.get(key)?.flag, precedence);
}

/** What the store would know of a subject after the changes. */
function knownAfter(
  context: EvaluationContext,
  known: KnownSubject,
  changes: readonly StoreChange[],
): KnownSubject {
  const query = queryOf(context);
  if (query === undefined) return known;
  const scopes = new Set(query.scopes);
  const groups = new Set(known.groups);
  for (const change of changes) {
    if (change.what !== "group" || change.user !== query.user) continue;
    if (change.member) groups.add(change.group);
    else groups.delete(change.group);
  }
  const overrides = overridesAfter(known.overrides, changes, (scope) => scopes.has(scope));
  return { overrides, groups: [...groups] };
}

function overridesAfter(
  overrides: readonly Override[],
  changes: readonly StoreChange[],
  isOwn: (scope: string) => boolean,
): readonly Override[] {
  let after = overrides;
  for (const change of changes) {
    if (change.what !== "override" || !isOwn(change.scope)) continue;
    const { flagKey, layer, scope, put } = change;
    after = after.filter(
      (one) => one.flagKey !== flagKey || one.layer !== layer || scopeKey(one.scope) !== scope,
    );
    if (typeof put !== "object") continue;
    after = [...after, triedOverride(flagKey, layer, scope, put.value, put.expiresAt)];
  }
  return after;
}

const NOBODY = Object.freeze({ id: "dry run", type: "service" });

function triedOverride(
  flagKey: string,
  layer: Override["layer"],
  scope: string,
  value: JsonValue | undefined,
  expiresAt: number | undefined,
): Override {
  const times = { createdAt: 0, updatedAt: 0, expiresAt, version: 0 };
  const by = { reason: undefined, actor: NOBODY, createdBy: NOBODY };
  const state = stateOf(value);
  return { flagKey, layer, scope: parseScopeKey(scope), state, value, ...by, ...times };
}

/** What reads give, in short; `undefined` where there is neither flag nor override. */
function served(state: EvaluationState, key: string): EvaluationDetails | undefined {
  const flag = state.snapshot.flags.get(key);
  return flag === undefined ? state.findOverride(key) : state.resolve(flag);
}

function isSame(from: JsonValue | undefined, to: JsonValue | undefined): boolean {
  if (from === undefined || to === undefined) return from === to;
  return jsonEqual(from, to);
}
