import { parseDate } from "../evaluation/operators/dates.ts";
import { isScalar, type Scalar } from "../json.ts";
import { CANONICAL, CLAUSES, canonicalRule } from "./canonical.ts";
import type { Condition, Rule, ScheduleStep, Target } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { parseCondition } from "./parse-condition.ts";
import type { ParseContext } from "./parse-context.ts";
import {
  parseServe,
  parseVariantReference,
  SERVE_FIELDS,
  type ServedFlag,
  VARIANT_FIELDS,
} from "./parse-serve.ts";
import { at, type Findings, type Place } from "./problems.ts";

/** The fields that may say whom a rule is for; one of them is written. */
const WHEN_FIELDS: readonly string[] = ["when", "condition", "clauses"];
const RULE_FIELDS: ReadonlySet<string> = new Set(["id", ...WHEN_FIELDS, ...SERVE_FIELDS]);

export function parseRules(reader: ObjectReader, flag: ServedFlag, context: ParseContext): Rule[] {
  const items = reader.get("rules");
  if (items === undefined) return [];
  if (!Array.isArray(items)) {
    return reader.problem("rules", `must be a list of rules, not ${describe(items)}`) ?? [];
  }
  const place = reader.at("rules");
  const rules = items.map(
    (item, index) =>
      canonicalRule(item, flag, context) ?? parseRule(item, at(place, index), flag, context),
  );
  checkIds(items, rules, place, context.findings);
  return rules.includes(undefined) ? rules.filter((rule) => rule !== undefined) : (rules as Rule[]);
}

function parseRule(
  raw: unknown,
  place: Place,
  flag: ServedFlag,
  context: ParseContext,
): Rule | undefined {
  const { findings } = context;
  const reader = ObjectReader.of(raw, place, findings, "a rule");
  if (reader === undefined) return undefined;
  reader.finish(RULE_FIELDS);
  const id = reader.string("id");
  const before = findings.problems.length;
  const when = parseWhen(reader, context);
  const serve = parseServe(reader, flag);
  if (serve === undefined || findings.problems.length > before) return undefined;
  const { rollout, percentage } = serve;
  const salted = rollout === undefined ? (percentage ?? 100) < 100 : rollout.salt === undefined;
  if (!reader.has("id") && salted) {
    findings.warn(
      place,
      "give this rule an `id`: without one its position decides who is in, so a rule inserted before it would reshuffle users",
    );
  }
  return { id, when, serve: serve.serve, percentage, rollout };
}

/** `undefined`, without a problem, means everybody. */
function parseWhen(reader: ObjectReader, context: ParseContext): Condition | undefined {
  const field = reader.oneOf(WHEN_FIELDS);
  if (field === undefined) return undefined;
  const raw = reader.get(field);
  if (field === "when" && Array.isArray(raw) && raw.length === 0) return undefined;
  if (field === "clauses" && !Array.isArray(raw)) {
    return reader.problem(field, `must be a list of clauses, not ${describe(raw)}`);
  }
  return parseCondition(raw, reader.at(field), context, field === "clauses" ? CLAUSES : CANONICAL);
}

/** Ids are unique, also against the indexes that rules without one go by. */
function checkIds(
  items: readonly unknown[],
  rules: readonly (Rule | undefined)[],
  place: Place,
  findings: Findings,
): void {
  if (items.length <= FEW && areDistinct(rules)) return;
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    if (rule !== undefined && rule.id === undefined) seen.add(String(index));
  }
  for (const [index, item] of items.entries()) {
    const id =
      typeof item === "object" && item !== null ? (item as { id?: unknown }).id : undefined;
    if (typeof id !== "string") continue;
    if (seen.has(id)) findings.problem(at(at(place, index), "id"), `another rule goes by "${id}"`);
    seen.add(id);
  }
}

/** So many rules are compared with each other sooner than they are put in a set. */
const FEW = 8;

/** Whether all of these rules are sound, and each has an id that no other one has. */
function areDistinct(rules: readonly (Rule | undefined)[]): boolean {
  for (let index = 0; index < rules.length; index++) {
    const id = rules[index]?.id;
    if (id === undefined) return false;
    for (let other = 0; other < index; other++) if (rules[other]?.id === id) return false;
  }
  return true;
}

const TARGET_FIELDS: ReadonlySet<string> = new Set(["attribute", "variant", "variation", "values"]);

export function parseTargets(
  reader: ObjectReader,
  flag: ServedFlag,
  { findings }: ParseContext,
): Target[] {
  const items = reader.list("targets");
  if (items === undefined) return [];
  const place = reader.at("targets");
  return items.flatMap((item, index) => parseTarget(item, at(place, index), flag, findings) ?? []);
}

function parseTarget(
  raw: unknown,
  place: Place,
  flag: ServedFlag,
  findings: Findings,
): Target | undefined {
  const reader = ObjectReader.of(raw, place, findings, "a target");
  if (reader === undefined) return undefined;
  reader.finish(TARGET_FIELDS);
  const attribute = reader.string("attribute");
  const field = reader.oneOf(VARIANT_FIELDS);
  const variant =
    field === undefined
      ? findings.problem(place, "`variant` is missing")
      : parseVariantReference(reader.get(field), reader.at(field), flag, findings);
  if (!reader.has("values")) return findings.problem(place, "`values` is missing");
  const items = reader.list("values");
  const values = items?.filter((item, index): item is Scalar => {
    if (isScalar(item)) return true;
    const where = at(reader.at("values"), index);
    findings.problem(where, `must be a string, a number or a boolean, not ${describe(item)}`);
    return false;
  });
  if (variant === undefined || values === undefined) return undefined;
  return { attribute, variant, values: Object.freeze(values) };
}

const STEP_FIELDS: ReadonlySet<string> = new Set(["from", "percentage"]);

export function parseSchedule(reader: ObjectReader, { findings }: ParseContext): ScheduleStep[] {
  const items = reader.list("schedule");
  if (items === undefined) return [];
  const place = reader.at("schedule");
  let last = Number.NEGATIVE_INFINITY;
  return items.flatMap((item, index): ScheduleStep[] => {
    const step = ObjectReader.of(item, at(place, index), findings, "a step");
    if (step === undefined) return [];
    step.finish(STEP_FIELDS);
    for (const name of STEP_FIELDS) {
      if (!step.has(name)) findings.problem(step.place, `\`${name}\` is missing`);
    }
    const percentage = step.percentage("percentage");
    const from = parseInstant(step, "from");
    if (percentage === undefined || from === undefined) return [];
    const time = parseDate(from) ?? Number.NaN;
    if (time <= last) step.problem("from", "must be later than the step before");
    last = time;
    return [{ from, percentage }];
  });
}

/** A date, as ISO 8601 text; epoch milliseconds and `Date` are taken too. */
export function parseInstant(reader: ObjectReader, name: string): string | undefined {
  const value = reader.get(name);
  if (value === undefined) return undefined;
  const time = value instanceof Date ? value.getTime() : value;
  if (typeof time === "string" && parseDate(time) !== null) return time;
  if (typeof time === "number" && Math.abs(time) <= MAX_TIME) return new Date(time).toISOString();
  return reader.problem(name, `must be an ISO 8601 date, not ${describe(value)}`);
}

/** The latest time that a `Date` can hold, in milliseconds. */
const MAX_TIME = 8.64e15;
