import { type Flag, fitsType } from "../definition/flag.ts";
import type { EvaluationDetails } from "../evaluation/details.ts";
import { outcomesOf } from "../evaluation/flag.ts";
import type { OverrideTrace } from "../evaluation/trace.ts";
import { jsonEqual } from "../json.ts";
import {
  DEFAULT_PRECEDENCE,
  type Precedence,
  SYSTEM_WIDE_LAYERS,
  UNCONDITIONAL_LAYERS,
} from "./layers.ts";
import type { Override } from "./override.ts";
import { type Scope, scopeKey } from "./scope.ts";

/** An override that may serve, with what it serves. */
export interface CompiledOverride {
  readonly override: Override;
  readonly priority: number;
  /** Epoch milliseconds; `Infinity` without expiry. */
  readonly expiresAt: number;
  /** It serves what the flag gives when it is off. */
  readonly denies: boolean;
  readonly details: EvaluationDetails;
}

/** Of several overrides of a flag, the one that comes first serves. */
function byRank(a: CompiledOverride, b: CompiledOverride): number {
  const [one, other] = [a.override, b.override];
  return (
    b.priority - a.priority ||
    broughtFirst(one, other) ||
    depthOf(one.scope) - depthOf(other.scope) ||
    denialFirst(a, b) ||
    LAYERS.indexOf(one.layer) - LAYERS.indexOf(other.layer) ||
    byCodeUnits(idOf(one.scope), idOf(other.scope))
  );
}

/** What a request brings along is for this request: nothing is closer within a layer. */
function broughtFirst({ origin: one }: Override, { origin: other }: Override): number {
  return Number(other !== undefined) - Number(one !== undefined);
}

/** Among roles and permissions, of which a subject has several, who denies wins. */
function denialFirst(a: CompiledOverride, b: CompiledOverride): number {
  const [one, other] = [a.override.scope.kind, b.override.scope.kind];
  const several = (one === "role" || one === "perm") && (other === "role" || other === "perm");
  return several ? Number(b.denies) - Number(a.denies) : 0;
}

/** Roles come before permissions, which have the same priority. */
const LAYERS = Object.keys(DEFAULT_PRECEDENCE);

/** A user of an org in a tenant is meant more closely than that user anywhere. */
function depthOf(scope: Scope): number {
  const { org, tenant } = scope as { org?: string; tenant?: string };
  return (org === undefined ? 2 : 0) + (tenant === undefined ? 1 : 0);
}

function idOf(scope: Scope): string {
  return scope.kind === "system" ? "" : scope.id;
}

function byCodeUnits(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

interface Clocked {
  readonly now: number;
}

/**
 * Overrides of one subject, or of everybody, by flag; compiled against the definitions of one
 * snapshot, so that a read finds frozen details.
 */
export class OverrideSet {
  readonly #byFlag = new Map<string, CompiledOverride[]>();
  readonly #rejected: { override: Override; outcome: OverrideTrace["outcome"] }[] = [];
  readonly #precedence: Precedence;

  constructor(
    overrides: Iterable<Override>,
    definition: (key: string) => Flag | undefined,
    precedence: Precedence = DEFAULT_PRECEDENCE,
  ) {
    this.#precedence = precedence;
    for (const override of overrides) this.#add(override, definition(override.flagKey));
    for (const list of this.#byFlag.values()) if (list.length > 1) list.sort(byRank);
  }

  #add(override: Override, flag: Flag | undefined): void {
    const { flagKey, layer, value } = override;
    const rejection = whyRejected(override, flag);
    if (rejection !== undefined || value === undefined) {
      this.#rejected.push({ override, outcome: rejection ?? "unset" });
      return;
    }
    const reason = SYSTEM_WIDE_LAYERS.has(layer) ? "STATIC" : "TARGETING_MATCH";
    const list = this.#byFlag.get(flagKey) ?? [];
    list.push({
      override,
      priority: this.#precedence[layer],
      expiresAt: override.expiresAt ?? Number.POSITIVE_INFINITY,
      denies: jsonEqual(value, flag === undefined ? false : flag.off),
      details: outcomesOf(flagKey, flag).ofValue(value, reason, "OVERRIDE"),
    });
    this.#byFlag.set(flagKey, list);
  }

  /** These overrides and others; compiled against definitions of the same snapshot. */
  joinedBy(others: Iterable<Override>, definition: (key: string) => Flag | undefined): OverrideSet {
    const joined = new OverrideSet(others, definition, this.#precedence);
    for (const [key, list] of this.#byFlag) {
      const added = joined.#byFlag.get(key);
      joined.#byFlag.set(key, added === undefined ? list : [...added, ...list].sort(byRank));
    }
    joined.#rejected.push(...this.#rejected);
    return joined;
  }

  /** Flags that have an override here that may serve. */
  keys(): Iterable<string> {
    return this.#byFlag.keys();
  }

  /** The highest override of a flag that is active at the subject's time. */
  find(key: string, clocked: Clocked): CompiledOverride | undefined {
    const list = this.#byFlag.get(key);
    if (list === undefined) return undefined;
    for (const candidate of list) {
      // Without an expiry the clock is not asked.
      if (candidate.expiresAt === Number.POSITIVE_INFINITY || candidate.expiresAt > clocked.now) {
        return candidate;
      }
    }
    return undefined;
  }

  /** Every override of a flag, highest first, and what became of it. */
  explain(key: string, clocked: Clocked): OverrideTrace[] {
    const served = this.find(key, clocked);
    const considered = (this.#byFlag.get(key) ?? []).map((candidate) => ({
      override: candidate.override,
      outcome: outcomeOf(candidate, served, clocked),
    }));
    const rejected = this.#rejected.filter(({ override }) => override.flagKey === key);
    // Those that may serve stay in the order in which they were looked at.
    return [...considered, ...rejected]
      .map(({ override, outcome }) => trace(override, this.#precedence[override.layer], outcome))
      .sort((a, b) => b.priority - a.priority);
  }
}

function whyRejected(
  override: Override,
  flag: Flag | undefined,
): OverrideTrace["outcome"] | undefined {
  if (override.value === undefined || override.state === "unset") return "unset";
  if (flag === undefined) return undefined;
  if (!flag.overridable && !UNCONDITIONAL_LAYERS.has(override.layer)) return "not overridable";
  return fitsType(override.value, flag.type) ? undefined : "wrong type";
}

function outcomeOf(
  candidate: CompiledOverride,
  served: CompiledOverride | undefined,
  clocked: Clocked,
): OverrideTrace["outcome"] {
  if (candidate === served) return "served";
  return candidate.expiresAt > clocked.now ? "lower" : "expired";
}

function trace(
  override: Override,
  priority: number,
  outcome: OverrideTrace["outcome"],
): OverrideTrace {
  const { layer, scope, state, value, expiresAt, origin } = override;
  const traced = { layer, priority, scope: scopeKey(scope), state, value, expiresAt, outcome };
  return origin === undefined ? traced : { ...traced, origin };
}
