import { dateOperators } from "./dates.ts";
import { equalityOperators } from "./equality.ts";
import { networkOperators } from "./network.ts";
import { numberOperators } from "./numbers.ts";
import type { AnyOperator } from "./operator.ts";
import { presenceOperators } from "./presence.ts";
import { semverOperators } from "./semver.ts";
import { textOperators } from "./text.ts";

/** Every operator of clauses. A new one is an entry in its family's file. */
export const operators: readonly AnyOperator[] = [
  ...equalityOperators,
  ...textOperators,
  ...numberOperators,
  ...dateOperators,
  ...semverOperators,
  ...networkOperators,
  ...presenceOperators,
];

/** Names of the operator that tests segments; the loader turns it into a segment condition. */
export const SEGMENT_OPERATOR_NAMES: readonly string[] = ["segment", "segmentMatch"];

const byName = new Map<string, AnyOperator>();
for (const operator of operators) {
  byName.set(operator.name, operator);
  for (const name of [operator.name, ...(operator.aliases ?? [])]) byName.set(fold(name), operator);
}

/** Finds an operator by its name or an alias; case, `_` and `-` do not matter. */
export function findOperator(name: string): AnyOperator | undefined {
  return byName.get(name) ?? byName.get(fold(name));
}

const segmentNames: ReadonlySet<string> = new Set(SEGMENT_OPERATOR_NAMES.map(fold));

export function isSegmentOperator(name: string): boolean {
  return segmentNames.has(fold(name));
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}
