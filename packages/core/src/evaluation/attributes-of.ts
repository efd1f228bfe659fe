import { type Condition, type Flag, type Serve, variantsOf } from "../definition/flag.ts";
import { resolveKey } from "../definition/keys.ts";
import type { Snapshot } from "../snapshot.ts";
import { segmentNames } from "./condition.ts";
import { fallthroughAt } from "./fallthrough.ts";
import { isPartial, servedRanges } from "./rollout.ts";
import { attributeOf } from "./target.ts";

/** What a store finds the overrides of a subject by. */
const OF_SUBJECTS: readonly string[] = [
  "anonymous",
  "orgId",
  "perms",
  "roles",
  "sessionId",
  "targetingKey",
  "tenantId",
  "userId",
];

/**
 * The attributes that may decide what a flag gives, to anybody: those of its targets, rules,
 * segments, splits and prerequisites, and of overrides where a store has some per subject. More than
 * one read looks at, as what was not looked at may decide for somebody else. Sorted.
 */
export function attributesOf(
  key: string,
  snapshot: Snapshot,
  hasSubjects: boolean,
): readonly string[] {
  const found = new Found(snapshot, hasSubjects);
  found.flag(snapshot.flags.has(key) ? key : resolveKey(key, snapshot.aliases));
  return [...found.attributes].sort();
}

class Found {
  readonly attributes = new Set<string>();
  readonly #snapshot: Snapshot;
  readonly #hasSubjects: boolean;
  readonly #segments = new Set<string>();
  readonly #flags = new Set<string>();

  constructor(snapshot: Snapshot, hasSubjects: boolean) {
    this.#snapshot = snapshot;
    this.#hasSubjects = hasSubjects;
  }

  flag(key: string): void {
    if (this.#flags.has(key)) return;
    this.#flags.add(key);
    const compiled = this.#snapshot.flags.get(key);
    // An override applies also without a definition.
    if (this.#hasSubjects && compiled?.flag.overridable !== false) this.#add(OF_SUBJECTS);
    if (compiled === undefined || compiled.outcome !== undefined) return;
    const { flag } = compiled;
    for (const { flag: required } of flag.prerequisites ?? []) this.flag(required);
    this.#add((flag.targets ?? []).map(attributeOf));
    for (const rule of flag.rules ?? []) {
      if (rule.when !== undefined) this.#condition(rule.when);
      this.#serve(rule, flag);
    }
    if (flag.fallthrough === undefined) return;
    // Every step: an answer may be kept from one to the next.
    for (const step of [undefined, ...(flag.schedule ?? [])]) {
      this.#serve(fallthroughAt(flag, step), flag);
    }
  }

  #serve(serve: Serve, flag: Flag): void {
    if (isPartial(servedRanges(serve, variantsOf(flag)))) {
      this.attributes.add(serve.rollout?.by ?? "targetingKey");
    }
  }

  #condition(condition: Condition): void {
    if ("all" in condition) for (const one of condition.all) this.#condition(one);
    else if ("any" in condition) for (const one of condition.any) this.#condition(one);
    else if ("not" in condition) this.#condition(condition.not);
    else if ("segment" in condition) this.#namedSegments(condition.segment);
    else this.attributes.add(condition.attribute);
  }

  #namedSegments(names: string | readonly string[]): void {
    for (const name of segmentNames(names)) {
      if (this.#segments.has(name)) continue;
      this.#segments.add(name);
      const condition = this.#snapshot.segments.get(name);
      if (condition !== undefined) this.#condition(condition);
    }
  }

  #add(attributes: readonly string[]): void {
    for (const attribute of attributes) this.attributes.add(attribute);
  }
}
