import { compareTexts, type EvaluationDetails, type JsonValue } from "@halyard/core";

/** What a flag gives; nothing where there is no such flag. */
export interface Served {
  readonly variant?: string | undefined;
  readonly value?: JsonValue | undefined;
}

/** How many subjects would get another value of a flag: from this one to that one. */
export interface Transition {
  readonly from: Served;
  readonly to: Served;
  readonly count: number;
}

export interface FlagImpact {
  readonly key: string;
  /** Subjects who would get another value. */
  readonly changed: number;
  /** The most frequent ones. */
  readonly transitions: readonly Transition[];
}

/** Most flags that are told of, and most transitions of one. */
const MAX_FLAGS = 100;
const MAX_TRANSITIONS = 20;

type Outcome = EvaluationDetails | undefined;

/** How many subjects, by what they get and what they would get. */
type Outcomes = ReadonlyMap<Outcome, ReadonlyMap<Outcome, number>>;

/** Counts who would get what instead of what. */
export class Tally {
  /** Outcomes are one object per flag and variant: told apart by that, and by value in the end. */
  readonly #flags = new Map<string, Map<Outcome, Map<Outcome, number>>>();
  /** By subject, whether something was added of it. */
  readonly #touched: Uint8Array;

  constructor(subjects: number) {
    this.#touched = new Uint8Array(subjects);
  }

  /** Subjects of whom something was added. */
  get subjects(): number {
    return this.#touched.reduce((sum, one) => sum + one, 0);
  }

  add(key: string, subject: number, from: Outcome, to: Outcome): void {
    this.#touched[subject] = 1;
    const flag = entry(this.#flags, key, () => new Map<Outcome, Map<Outcome, number>>());
    const targets = entry(flag, from, () => new Map<Outcome, number>());
    targets.set(to, (targets.get(to) ?? 0) + 1);
  }

  flags(): readonly FlagImpact[] {
    return [...this.#flags]
      .map(([key, outcomes]) => ({ key, outcomes, changed: countOf(outcomes) }))
      .sort((a, b) => b.changed - a.changed || compareTexts(a.key, b.key))
      .slice(0, MAX_FLAGS)
      .map(({ key, outcomes, changed }) => ({
        key,
        changed,
        transitions: transitionsOf(outcomes),
      }));
  }
}

function countOf(outcomes: Outcomes): number {
  let count = 0;
  for (const targets of outcomes.values()) for (const each of targets.values()) count += each;
  return count;
}

function transitionsOf(outcomes: Outcomes): readonly Transition[] {
  const byValue = new Map<string, Transition>();
  for (const [old, targets] of outcomes) {
    for (const [next, count] of targets) {
      const [from, to] = [servedOf(old), servedOf(next)];
      const id = JSON.stringify([from, to]);
      byValue.set(id, { from, to, count: count + (byValue.get(id)?.count ?? 0) });
    }
  }
  const all = [...byValue].sort(
    ([a, one], [b, other]) => other.count - one.count || compareTexts(a, b),
  );
  return all.slice(0, MAX_TRANSITIONS).map(([, transition]) => transition);
}

function servedOf(details: Outcome): Served {
  return details === undefined ? {} : { variant: details.variant, value: details.value };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
