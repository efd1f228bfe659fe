import { parseDate } from "../evaluation/operators/dates.ts";
import { findOperator } from "../evaluation/operators/index.ts";
import type { AnyOperator } from "../evaluation/operators/operator.ts";
import { isPlainObject } from "../json.ts";
import type { Clause, Condition, Rule } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { checkClause } from "./parse-condition.ts";
import type { ParseContext } from "./parse-context.ts";
import { onVariant, type ServedFlag } from "./parse-serve.ts";
import { at, type Place } from "./problems.ts";
import { percentThreshold } from "./weights.ts";

const FIELDS: ReadonlySet<string> = new Set(["attributes", "groups"]);

/** The `conditions` shorthand: a last rule that serves on, at the flag's percentage. */
export function parseConditions(
  key: string,
  reader: ObjectReader,
  flag: ServedFlag,
  context: ParseContext,
): Rule[] {
  if (!reader.has("conditions")) return [];
  if (flag.type !== "boolean") return reader.problem("conditions", "is for boolean flags") ?? [];
  if (reader.has("schedule")) reader.problem("schedule", "does not go with `conditions`");
  const when = parseConditionsShorthand(reader.get("conditions"), reader.at("conditions"), context);
  const percentage = reader.percentage("percentage");
  const on = onVariant(flag);
  if (on === undefined) return reader.problem("conditions", "no variant of the flag is true") ?? [];
  if (when === undefined) return [];
  checkConditionsId(reader);
  if (percentage === undefined || percentThreshold(percentage) === percentThreshold(100)) {
    return [{ id: "conditions", when, serve: on }];
  }
  // A rollout, because a rule's percentage would be salted with the rule's id.
  const weights = [{ variant: on, weight: percentThreshold(percentage) }];
  return [{ id: "conditions", when, rollout: { salt: key, weights, unit: 100_000 } }];
}

function checkConditionsId(reader: ObjectReader): void {
  const rules = reader.get("rules");
  if (!Array.isArray(rules)) return;
  const index = rules.findIndex((rule) => (rule as { id?: unknown } | null)?.id === "conditions");
  if (index < 0) return;
  const place = at(at(reader.at("rules"), index), "id");
  reader.findings.problem(place, "`conditions` becomes a rule of this id; choose another");
}

/**
 * The `conditions` shorthand: `{ attributes: { tier: [premium], age: { gte: 18 } }, groups: [beta] }`.
 * Attributes must all hold, any of the groups will do, and either side is enough.
 */
function parseConditionsShorthand(
  raw: unknown,
  place: Place,
  context: ParseContext,
): Condition | undefined {
  const reader = ObjectReader.of(raw, place, context.findings, "`conditions`");
  if (reader === undefined) return undefined;
  reader.finish(FIELDS);
  if (!reader.has("attributes") && !reader.has("groups")) {
    return context.findings.problem(place, "must have `attributes`, `groups` or both");
  }
  const sides: Condition[] = [];
  if (reader.has("attributes")) {
    const attributes = parseAttributes(reader.get("attributes"), reader.at("attributes"), context);
    if (attributes !== undefined) sides.push(attributes);
  }
  const groups = reader.strings("groups");
  if (groups !== undefined) sides.push({ attribute: "groups", op: "contains", values: groups });
  const [only] = sides;
  return sides.length > 1 ? { any: sides } : only;
}

function parseAttributes(raw: unknown, place: Place, context: ParseContext): Condition | undefined {
  if (!isPlainObject(raw) || Object.keys(raw).length === 0) {
    return context.findings.problem(place, `must map attributes to values, not ${describe(raw)}`);
  }
  const clauses: Clause[] = [];
  for (const [attribute, wanted] of Object.entries(raw)) {
    const where = at(place, attribute);
    if (isPlainObject(wanted)) clauses.push(...parseComparisons(attribute, wanted, where, context));
    else
      clauses.push(
        ...clauseOf(attribute, Array.isArray(wanted) ? "in" : "eq", wanted, where, context),
      );
  }
  const [only] = clauses;
  return only !== undefined && clauses.length === 1 ? only : { all: clauses };
}

/** `{ gte: 100, lt: 200 }`: every comparison must hold. */
function parseComparisons(
  attribute: string,
  wanted: Record<string, unknown>,
  place: Place,
  context: ParseContext,
): Clause[] {
  const entries = Object.entries(wanted);
  if (entries.length === 0) context.findings.problem(place, "must have at least one operator");
  return entries.flatMap(([op, operand]) =>
    clauseOf(attribute, op, operand, at(place, op), context),
  );
}

/** Orderings that compare dates when their operand is one. */
const DATE_ORDERINGS: Readonly<Record<string, { op: string; orEqual: boolean }>> = {
  lt: { op: "before", orEqual: false },
  lte: { op: "before", orEqual: true },
  gt: { op: "after", orEqual: false },
  gte: { op: "after", orEqual: true },
};

function clauseOf(
  attribute: string,
  op: string,
  operand: unknown,
  place: Place,
  context: ParseContext,
): Clause[] {
  const named = findOperator(op);
  if (named === undefined) {
    context.findings.problem(place, `unknown operator ${describe(op)}`);
    return [];
  }
  if (named.takesValues === false) return presenceClause(attribute, named, operand, place, context);
  const isDate = typeof operand === "string" && parseDate(operand) !== null;
  const ordering = isDate ? DATE_ORDERINGS[named.name] : undefined;
  const operator = findOperator(ordering?.op ?? named.name) ?? named;
  const many = Array.isArray(operand);
  if (many && operand.length === 0) {
    context.findings.problem(place, "must be a list with at least one item, not an empty list");
    return [];
  }
  const parts = { attribute, negate: false, orEqual: ordering?.orEqual === true };
  const clause = checkClause(operator, many ? operand : [operand], parts, context, (index) =>
    many && index !== undefined ? at(place, index) : place,
  );
  return clause === undefined ? [] : [clause];
}

/** `exists: true`, and `exists: false` for its opposite. */
function presenceClause(
  attribute: string,
  operator: AnyOperator,
  operand: unknown,
  place: Place,
  { findings }: ParseContext,
): Clause[] {
  if (typeof operand !== "boolean") {
    findings.problem(place, `must be true or false, not ${describe(operand)}`);
    return [];
  }
  return [{ attribute, op: operator.name, negate: operand ? undefined : true }];
}
