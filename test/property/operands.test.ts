import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HalyardError } from "../../packages/core/src/index.ts";
import { built, type Tape } from "./generate/tape.ts";
import { TEXTS } from "./generate/texts.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { operatorName, SINGLE, takes } from "./reference.ts";
import { parameters, TIMEOUT } from "./runs.ts";

/** Operator → what its operands and its attributes are made of. */
const KINDS: Readonly<Record<string, readonly [operand: string, actual: string]>> = {
  before: ["date", "date"],
  after: ["date", "date"],
  semver_eq: ["version", "version"],
  semver_gt: ["version", "version"],
  semver_gte: ["version", "version"],
  semver_lt: ["version", "version"],
  semver_lte: ["version", "version"],
  semver_range: ["range", "version"],
  cidr: ["block", "address"],
  matches: ["pattern", "subject"],
};

interface Trial {
  readonly op: string;
  readonly operand: string;
  readonly actuals: readonly string[];
}

describe("operators on random operands", () => {
  it.each(Object.keys(KINDS))(
    "%s takes and matches what the reference does",
    (op) => {
      const trials = built((tape) => buildTrial(tape, op), 150);
      fc.assert(fc.property(trials, compareOperator), parameters());
    },
    TIMEOUT,
  );
});

function buildTrial(tape: Tape, op: string): Trial {
  const [operandKind, actualKind] = KINDS[op] as readonly [string, string];
  const operand = TEXTS[operandKind]?.(tape) as string;
  const near = operand.split("/")[0] as string;
  const actuals = tape.list(6, 6, () => TEXTS[actualKind]?.(tape) as string);
  return { op, operand, actuals: [near, ...actuals] };
}

function compareOperator({ op, operand, actuals }: Trial): void {
  const { name } = operatorName(op);
  const when = { attribute: "a", op, values: [operand] };
  const document = { flags: { f: { rules: [{ when }] } } };
  if (!takes(name, operand)) {
    expect(() => load(document), `${op} takes ${JSON.stringify(operand)}`).toThrow(HalyardError);
    return;
  }
  const snapshot = snapshotOf(load(document), { now: 0 });
  for (const actual of actuals) {
    const expected = SINGLE[name]?.(actual, operand, false);
    const pair = `${JSON.stringify(actual)} ${op} ${JSON.stringify(operand)}`;
    expect(clientOf(snapshot, { a: actual }).enabled("f"), pair).toBe(expected);
  }
}
