import { findOperator } from "../evaluation/operators/index.ts";
import type { AnyOperator, OperatorOptions } from "../evaluation/operators/operator.ts";
import { isPlainObject, isScalar, type JsonValue } from "../json.ts";
import type { Clause, Condition, Rule } from "./flag.ts";
import type { ParseContext } from "./parse-context.ts";
import type { ServedFlag } from "./parse-serve.ts";
import { variantIndex } from "./variant-index.ts";

// Large sets of flags hold tens of thousands of rules and clauses, nearly all of them written in
// one way and sound. What is here takes just those, without what it takes to report a problem;
// `undefined` says nothing about the rest, which goes through the parsers.

export interface ConditionDialect {
  /** In `clauses` lists, `key` names the targeting key. */
  readonly keyIsTargetingKey: boolean;
}

export const CANONICAL: ConditionDialect = { keyIsTargetingKey: false };
export const CLAUSES: ConditionDialect = { keyIsTargetingKey: true };

/** The rule of a list of clauses that serves a variant by its name, perhaps to a percentage. */
export function canonicalRule(
  raw: unknown,
  { variants }: ServedFlag,
  context: ParseContext,
): Rule | undefined {
  if (!isPlainObject(raw)) return undefined;
  const { id, when, serve, percentage } = raw;
  if (typeof id !== "string" || id === "" || typeof serve !== "string") return undefined;
  if (variantIndex(variants, serve) < 0 || !Array.isArray(when)) return undefined;
  if (percentage !== undefined && !isPercentage(percentage)) return undefined;
  if (Object.keys(raw).length !== (percentage === undefined ? 3 : 4)) return undefined;
  const condition = allOf(canonicalClauses(when, context, CANONICAL));
  return condition && { id, when: condition, serve, percentage, rollout: undefined };
}

function isPercentage(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 100;
}

function allOf(clauses: readonly Clause[] | undefined): Condition | undefined {
  if (clauses === undefined || clauses.length === 0) return undefined;
  return clauses.length === 1 ? clauses[0] : { all: clauses };
}

/** The list as it stands, if all of it is canonical clauses. */
export function canonicalClauses(
  items: readonly unknown[],
  context: ParseContext,
  dialect: ConditionDialect,
): readonly Clause[] | undefined {
  for (const item of items) {
    if (canonicalClause(item, context, dialect) === undefined) return undefined;
  }
  return Object.freeze(items) as readonly Clause[];
}

/** The clause as it stands, frozen. */
export function canonicalClause(
  raw: unknown,
  { operatorOptions }: ParseContext,
  { keyIsTargetingKey }: ConditionDialect,
): Clause | undefined {
  if (!isPlainObject(raw)) return undefined;
  const { attribute, op, values } = raw;
  if (typeof attribute !== "string" || attribute === "" || typeof op !== "string") return undefined;
  if (keyIsTargetingKey && attribute === "key") return undefined;
  if (!Array.isArray(values) || values.length === 0 || !values.every(isScalar)) return undefined;
  if (Object.keys(raw).length !== 3) return undefined;
  const operator = findOperator(op);
  if (operator === undefined || operator.name !== op || operator.takesValues === false) {
    return undefined;
  }
  if (operator.takesScalars !== true && !accepts(operator, values, operatorOptions)) {
    return undefined;
  }
  Object.freeze(values);
  return Object.freeze(raw) as unknown as Clause;
}

function accepts(
  operator: AnyOperator,
  values: readonly JsonValue[],
  options: OperatorOptions,
): boolean {
  let sound = true;
  const refuse = (): void => {
    sound = false;
  };
  (operator.check ?? operator.prepare)(values, options, refuse);
  return sound;
}
