import { findOperator, isSegmentOperator, operators } from "../evaluation/operators/index.ts";
import type { AnyOperator } from "../evaluation/operators/operator.ts";
import { freezeJson, type JsonValue, MAX_DEPTH } from "../json.ts";
import {
  CANONICAL,
  type ConditionDialect,
  canonicalClause,
  canonicalClauses,
} from "./canonical.ts";
import type { Clause, Condition } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import type { ParseContext } from "./parse-context.ts";
import { at, type Place } from "./problems.ts";

/** A condition, in any of its written forms; `undefined` when it has problems. */
export function parseCondition(
  raw: unknown,
  place: Place,
  context: ParseContext,
  dialect: ConditionDialect = CANONICAL,
  depth = 0,
): Condition | undefined {
  if (depth > MAX_DEPTH) {
    return context.findings.problem(place, `conditions nest deeper than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(raw)) return parseList("all", raw, place, context, dialect, depth);
  const reader = ObjectReader.of(raw, place, context.findings, "a condition");
  if (reader === undefined) return undefined;
  if (reader.has("attribute")) return parseClause(reader, context, dialect);
  const kind = reader.oneOf(KINDS);
  if (kind === undefined) return parseClause(reader, context, dialect);
  reader.finish(KIND_FIELDS);
  const value = reader.get(kind);
  switch (kind) {
    case "all":
    case "any":
      if (Array.isArray(value)) {
        return parseList(kind, value, reader.at(kind), context, dialect, depth);
      }
      return reader.problem(kind, `must be a list of conditions, not ${describe(value)}`);
    case "not": {
      const condition = parseCondition(value, reader.at(kind), context, dialect, depth + 1);
      return condition && { not: condition };
    }
    case "segment":
      return parseSegments(value, reader.at(kind), context);
    default:
      return parseCondition(value, reader.at(kind), context, dialect, depth + 1);
  }
}

const KINDS: readonly string[] = ["all", "any", "not", "segment", "condition"];
const KIND_FIELDS: ReadonlySet<string> = new Set(KINDS);

function parseList(
  kind: "all" | "any",
  items: readonly unknown[],
  place: Place,
  context: ParseContext,
  dialect: ConditionDialect,
  depth: number,
): Condition | undefined {
  if (items.length === 0)
    return context.findings.problem(place, "must list at least one condition");
  const conditions =
    canonicalClauses(items, context, dialect) ?? parseEach(items, place, context, dialect, depth);
  if (conditions === undefined) return undefined;
  const only = conditions[0];
  if (only !== undefined && conditions.length === 1) return only;
  return kind === "all" ? { all: conditions } : { any: conditions };
}

function parseEach(
  items: readonly unknown[],
  place: Place,
  context: ParseContext,
  dialect: ConditionDialect,
  depth: number,
): readonly Condition[] | undefined {
  const conditions: Condition[] = [];
  for (const [index, item] of items.entries()) {
    const condition =
      canonicalClause(item, context, dialect) ??
      parseCondition(item, at(place, index), context, dialect, depth + 1);
    if (condition !== undefined) conditions.push(condition);
  }
  return conditions.length === items.length ? conditions : undefined;
}

/** One segment's name, or several of which any may hold. */
function parseSegments(raw: unknown, place: Place, context: ParseContext): Condition | undefined {
  const written: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (written.length === 0) {
    return context.findings.problem(place, "must name at least one segment");
  }
  const names: string[] = [];
  for (const [index, name] of written.entries()) {
    const where = Array.isArray(raw) ? at(place, index) : place;
    if (typeof name !== "string" || name === "") {
      context.findings.problem(where, `must be a segment's name, not ${describe(name)}`);
    } else {
      names.push(name);
      context.segments.push({ name, place: where });
    }
  }
  if (names.length !== written.length) return undefined;
  const [only] = names;
  return { segment: names.length === 1 && only !== undefined ? only : names };
}

const OPERATOR_FIELDS: readonly string[] = ["op", "operator"];
const VALUE_FIELDS: readonly string[] = ["values", "value"];
const CLAUSE_FIELDS: ReadonlySet<string> = new Set([
  "attribute",
  ...OPERATOR_FIELDS,
  "value",
  "values",
  "negate",
  "orEqual",
]);

function parseClause(
  reader: ObjectReader,
  context: ParseContext,
  dialect: ConditionDialect,
): Condition | undefined {
  reader.finish(CLAUSE_FIELDS);
  const { findings, place } = reader;
  const opField = reader.oneOf(OPERATOR_FIELDS);
  if (opField === undefined) {
    return findings.problem(
      place,
      "must be a clause with `attribute` and `op`, or one of `all`, `any`, `not`, `segment`, `condition`",
    );
  }
  const negate = reader.boolean("negate") === true;
  const op = reader.string(opField);
  if (op === undefined) return undefined;
  const valuesField = reader.oneOf(VALUE_FIELDS);
  const operator = findOperator(op);
  if (operator === undefined && isSegmentOperator(op)) {
    if (valuesField === undefined) return findings.problem(place, "`values` must name a segment");
    reader.text("attribute");
    if (reader.has("orEqual")) reader.problem("orEqual", `means nothing to ${op}`);
    const condition = parseSegments(reader.get(valuesField), reader.at(valuesField), context);
    return condition !== undefined && negate ? { not: condition } : condition;
  }
  const written = reader.string("attribute");
  if (!reader.has("attribute")) findings.problem(place, "`attribute` is missing");
  if (operator === undefined) return reader.problem(opField, unknownOperator(op));
  const orEqual = reader.boolean("orEqual");
  if (orEqual !== undefined && operator.takesOrEqual !== true) {
    return reader.problem("orEqual", `means nothing to ${operator.name}`);
  }
  if (written === undefined) return undefined;
  const attribute = dialect.keyIsTargetingKey && written === "key" ? "targetingKey" : written;
  const parts = { attribute, negate, orEqual: orEqual === true };
  if (operator.takesValues === false) {
    if (valuesField !== undefined) {
      return reader.problem(valuesField, `${operator.name} takes no values`);
    }
    return buildClause(operator, undefined, parts);
  }
  if (valuesField === undefined) return findings.problem(place, "`values` is missing");
  const single = valuesField === "value";
  const list = single ? [reader.get("value")] : reader.list("values");
  if (list === undefined) return undefined;
  const where = reader.at(valuesField);
  return checkClause(operator, list, parts, context, (index) =>
    single || index === undefined ? where : at(where, index),
  );
}

function unknownOperator(op: string): string {
  const names = operators.map((operator) => operator.name).join(", ");
  return `unknown operator ${describe(op)}; known are ${names}, segment`;
}

interface ClauseParts {
  readonly attribute: string;
  readonly negate: boolean;
  readonly orEqual: boolean;
}

/** A clause with its operands checked by the operator itself; `placeOf` says where each stands. */
export function checkClause(
  operator: AnyOperator,
  written: readonly unknown[],
  parts: ClauseParts,
  { findings, operatorOptions, orEqualOptions }: ParseContext,
  placeOf: (index: number | undefined) => Place,
): Clause | undefined {
  let sound = true;
  const report = (message: string, index?: number): void => {
    sound = false;
    findings.problem(placeOf(index), message);
  };
  const values = written.map((item, index): JsonValue => {
    const value = freezeJson(item);
    if (value === undefined) report(`must be a JSON value, not ${describe(item)}`, index);
    return value ?? null;
  });
  if (!sound) return undefined;
  const options = parts.orEqual ? orEqualOptions : operatorOptions;
  (operator.check ?? operator.prepare)(values, options, report);
  return sound ? buildClause(operator, values, parts) : undefined;
}

function buildClause(
  operator: AnyOperator,
  values: readonly JsonValue[] | undefined,
  { attribute, negate, orEqual }: ClauseParts,
): Clause {
  // Always the same fields: a set of flags holds tens of thousands of these.
  return {
    attribute,
    op: operator.name,
    values: values && Object.freeze(values),
    negate: negate || undefined,
    orEqual: orEqual || undefined,
  };
}
