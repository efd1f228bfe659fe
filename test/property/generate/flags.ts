import { subject } from "./attributes.ts";
import { buildClause, buildCondition, buildConditions, type Written } from "./conditions.ts";
import {
  buildPercentage,
  buildRollout,
  buildShares,
  buildVariations,
  nameVariant,
  type Skeleton,
} from "./serves.ts";
import type { Tape } from "./tape.ts";

const VALUES: Readonly<Record<Skeleton["type"], readonly unknown[]>> = {
  boolean: [false, true, true],
  string: ["red", "blue", "", "on", "red"],
  integer: [1, 0, -5, 9007199254740991, 1],
  number: [0.5, 1, -0.25, 1e21, 1],
  json: [{ a: 1, b: [] }, [1, { c: null }], { b: [], a: 1 }, {}, []],
};

const NAMES = ["control", "b", "1", "on", "off", "0"];

export function buildSkeleton(tape: Tape, key: string): Skeleton {
  const type = tape.pick(["boolean", "boolean", "boolean", "string", "integer", "number", "json"]);
  const declared = type !== "boolean" || tape.chance(25);
  if (!declared) {
    const variants = [
      { name: "off", value: false },
      { name: "on", value: true },
    ];
    return { key, type, declared, variants };
  }
  const names = tape.shuffled(NAMES).slice(0, 2 + tape.below(3));
  let variants = names.map((name) => ({ name, value: tape.pick(VALUES[type as "boolean"]) }));
  // "On" has to be there, and numeric names come first in an object whatever the order written.
  if (type === "boolean") variants[1] = { name: names[1] as string, value: true };
  variants = variants.sort((a, b) => Number(b.name < "2") - Number(a.name < "2"));
  variants = Object.entries(
    Object.fromEntries(variants.map(({ name, value }) => [name, value])),
  ).map(([name, value]) => ({ name, value }));
  return { key, type: type as Skeleton["type"], declared, variants };
}

/** What a definition may refer to. */
export interface Surroundings {
  readonly earlier: readonly Skeleton[];
  readonly segments: readonly string[];
}

const ALIASES: Readonly<Record<string, readonly string[]>> = {
  boolean: ["boolean", "bool"],
  string: ["string"],
  integer: ["integer", "int"],
  number: ["number", "float"],
  json: ["json", "object"],
};

export function buildFlag(tape: Tape, flag: Skeleton, around: Surroundings): unknown {
  const simple = flag.type === "boolean" && !flag.declared;
  if (simple && tape.chance(10)) return tape.chance(50);
  const written: Written = {};
  if (flag.type === "integer" || tape.chance(40))
    written.type = tape.pick(ALIASES[flag.type] ?? []);
  if (tape.chance(25)) written.enabled = tape.chance(60);
  if (tape.chance(12)) written.environments = tape.some(["production", "staging", "test"]);
  const weighted = flag.declared && writeVariants(tape, flag, written);
  if (tape.chance(30)) written.default = buildValue(tape, flag);
  if (tape.chance(25)) written.off = buildValue(tape, flag);
  if (around.earlier.length > 0 && tape.chance(35)) {
    written.prerequisites = tape.list(1, 2, () => buildPrerequisite(tape, around.earlier));
  }
  if (tape.chance(25)) written.targets = tape.list(1, 2, () => buildTarget(tape, flag));
  if (tape.chance(55)) {
    written.rules = tape.list(1, 3, (index) => buildRule(tape, flag, around, index));
  }
  writeEnd(tape, flag, written, weighted);
  writeRest(tape, written);
  // A definition is told from a group by its fields, and must have one.
  if (Object.keys(written).every((field) => field === "x-note")) written.enabled = true;
  return written;
}

/** Returns whether the variants carry weights. */
function writeVariants(tape: Tape, flag: Skeleton, written: Written): boolean {
  const form = tape.below(3);
  if (form === 0) {
    const entries = flag.variants.map(({ name, value }) => [name, value] as const);
    written.variants = Object.fromEntries(entries);
    return false;
  }
  const shares = buildShares(tape, flag.variants.length, flag.key);
  written.variants = flag.variants.map((variant, index) => {
    return form === 1 ? { ...variant } : { ...variant, weight: (shares[index] as number) / 1000 };
  });
  return form === 2;
}

function buildValue(tape: Tape, flag: Skeleton): unknown {
  return tape.pick([...flag.variants.map(({ value }) => value), ...VALUES[flag.type]]);
}

function buildPrerequisite(tape: Tape, earlier: readonly Skeleton[]): Written {
  const flag = tape.pick(earlier);
  const index = tape.below(flag.variants.length);
  if (tape.chance(25)) return { key: flag.key, variation: index };
  return { flag: flag.key, variant: flag.variants[index]?.name };
}

function buildTarget(tape: Tape, flag: Skeleton): Written {
  const variant = flag.variants[tape.below(flag.variants.length)]?.name;
  if (tape.chance(70)) {
    const values = tape.list(1, 6, () => {
      const value = subject(tape);
      return typeof value === "string" || Object.is(value, 42) ? value : "user-0";
    });
    return { variant, values };
  }
  return { variant, attribute: tape.pick(["user.plan", "country"]), values: ["pro", "free", 1] };
}

function buildRule(tape: Tape, flag: Skeleton, around: Surroundings, index: number): Written {
  const rule: Written = {};
  const id = tape.pick([undefined, `r${index}`, `rule ${index}`, `ü${index}`]);
  if (id !== undefined) rule.id = id;
  const salt = `${flag.key}/${id ?? index}`;
  if (tape.chance(15)) return otherSystemsRule(tape, flag, rule, salt);
  if (tape.chance(85)) {
    const condition = () => buildCondition(tape, 2, around.segments);
    const form = tape.below(4);
    if (form === 3) rule.when = tape.chance(80) ? condition() : [];
    else rule[form === 2 ? "condition" : "when"] = tape.list(1, 2, condition);
  }
  writeServe(tape, flag, rule, salt);
  if (Object.keys(rule).length === 0) rule.serve = nameVariant(tape, flag);
  return rule;
}

function otherSystemsRule(tape: Tape, flag: Skeleton, rule: Written, salt: string): Written {
  rule.clauses = tape.list(1, 2, () => buildClause(tape));
  if (tape.chance(50)) rule.variation = tape.below(flag.variants.length);
  else rule.rollout = buildVariations(tape, flag, salt);
  return rule;
}

function writeServe(tape: Tape, flag: Skeleton, into: Written, salt: string): void {
  if (tape.chance(40)) {
    into.rollout = buildRollout(tape, flag, salt);
    return;
  }
  if (flag.type !== "boolean" || tape.chance(60)) into.serve = nameVariant(tape, flag);
  if (tape.chance(50)) into.percentage = buildPercentage(tape, salt);
}

/** What comes after the rules: conditions, a percentage, a fallthrough, a schedule. */
function writeEnd(tape: Tape, flag: Skeleton, written: Written, weighted: boolean): void {
  const form = tape.below(8);
  const boolean = flag.type === "boolean";
  if (boolean && form === 1 && !weighted) {
    written.conditions = buildConditions(tape);
    if (tape.chance(50)) written.percentage = buildPercentage(tape, flag.key);
    return;
  }
  if (weighted) return;
  const scheduled = tape.chance(25);
  if (boolean && form < 4) {
    if (form > 1) written.percentage = buildPercentage(tape, flag.key);
  } else if (form > 4 || scheduled) {
    const fallthrough: Written = {};
    if (scheduled) {
      if (!boolean || tape.chance(50)) fallthrough.serve = nameVariant(tape, flag);
      if (!boolean || tape.chance(50)) fallthrough.percentage = buildPercentage(tape, flag.key);
    } else writeServe(tape, flag, fallthrough, flag.key);
    if (Object.keys(fallthrough).length > 0) written.fallthrough = fallthrough;
  }
  if (!scheduled) return;
  const years = tape.some(["2025", "2026", "2027"]);
  written.schedule = years.map((year) => ({
    from: `${year}-${tape.pick(["01-01", "06-15T12:00:00Z", "06-15T12:00:00+02:00"])}`,
    percentage: buildPercentage(tape, flag.key),
  }));
}

function writeRest(tape: Tape, written: Written): void {
  if (tape.chance(10)) written.overridable = tape.chance(30);
  if (tape.chance(5)) written.client = tape.chance(50);
  if (tape.chance(5)) written.tags = ["checkout"];
  if (tape.chance(5)) written.owner = "team";
  if (tape.chance(5)) written.expires = "2020-01-01";
  if (tape.chance(5)) written.description = "What it is for";
  if (tape.chance(10)) written.metadata = { ticket: "X-1", count: 1, hot: true };
  if (tape.chance(5)) written["x-note"] = { any: ["thing"] };
}
