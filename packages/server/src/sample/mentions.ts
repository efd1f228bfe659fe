import type { Condition, Flag, Snapshot } from "@halyard/core";

/** What a flag or a condition names beside itself. */
export interface Mentions {
  /** Paths. */
  readonly attributes: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

class Found implements Mentions {
  readonly attributes = new Set<string>();
  readonly segments = new Set<string>();

  condition(condition: Condition): void {
    if ("all" in condition) for (const each of condition.all) this.condition(each);
    else if ("any" in condition) for (const each of condition.any) this.condition(each);
    else if ("not" in condition) this.condition(condition.not);
    else if ("segment" in condition) {
      for (const name of [condition.segment].flat()) this.segments.add(name);
    } else this.attributes.add(condition.attribute);
  }

  flag({ targets = [], rules = [], fallthrough }: Flag): void {
    for (const { attribute } of targets)
      if (attribute !== undefined) this.attributes.add(attribute);
    for (const { when } of rules) if (when !== undefined) this.condition(when);
    for (const { rollout } of [...rules, fallthrough ?? {}]) {
      if (rollout?.by !== undefined) this.attributes.add(rollout.by);
    }
  }
}

/** Definitions never change: each is looked through once. */
const known = new WeakMap<Flag | Condition, Mentions>();

export function mentionsOfFlag(flag: Flag): Mentions {
  return mentions(flag, (found) => found.flag(flag));
}

export function mentionsOfSegment(condition: Condition): Mentions {
  return mentions(condition, (found) => found.condition(condition));
}

function mentions(definition: Flag | Condition, look: (found: Found) => void): Mentions {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const found = new Found();
  look(found);
  known.set(definition, found);
  return found;
}

/** What a flag names, with what its segments do. */
export function allMentions(flag: Flag, { segments }: Pick<Snapshot, "segments">): Mentions {
  const own = mentionsOfFlag(flag);
  if (own.segments.size === 0) return own;
  const attributes = new Set(own.attributes);
  const names = new Set(own.segments);
  // What is added while it is gone through is gone through, too.
  for (const name of names) {
    const condition = segments.get(name);
    if (condition === undefined) continue;
    const inner = mentionsOfSegment(condition);
    for (const attribute of inner.attributes) attributes.add(attribute);
    for (const segment of inner.segments) names.add(segment);
  }
  return { attributes, segments: names };
}
