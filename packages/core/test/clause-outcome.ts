import { findOperator } from "../src/evaluation/operators/index.ts";
import {
  type AnyOperator,
  type AttributeValue,
  type OperatorOptions,
  operatorOptions,
} from "../src/evaluation/operators/operator.ts";
import type { JsonValue } from "../src/json.ts";

export const OPTIONS: OperatorOptions = operatorOptions(undefined);

/** The outcome of a clause on an attribute that is there; throws for operands that do not fit. */
export function outcome(
  attribute: AttributeValue,
  name: string,
  values: readonly JsonValue[],
  options: Partial<OperatorOptions> = {},
): boolean {
  const operator = operatorOf(name);
  const test = operator.prepare(values, { ...OPTIONS, ...options }, (message) => {
    throw new Error(message);
  });
  const value = operator.view === undefined ? attribute : operator.view.parse(attribute);
  return (value !== null && test(value)) !== (operator.negated ?? false);
}

/** What the operator reports of these operands: messages, and the indexes that they are about. */
export function problems(
  name: string,
  values: readonly JsonValue[],
): [string, number | undefined][] {
  const found: [string, number | undefined][] = [];
  operatorOf(name).prepare(values, OPTIONS, (message, index) => found.push([message, index]));
  return found;
}

function operatorOf(name: string): AnyOperator {
  const operator = findOperator(name);
  if (operator === undefined) throw new Error(`there is no operator ${name}`);
  return operator;
}

/** What a clause gives for an attribute that is there. */
export type Case = [
  attribute: AttributeValue,
  operator: string,
  values: JsonValue[],
  expected: boolean,
];
