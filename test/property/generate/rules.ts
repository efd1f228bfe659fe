import type { Written } from "./conditions.ts";
import type { Scene } from "./document.ts";
import { buildPercentage } from "./serves.ts";
import type { Tape } from "./tape.ts";

/** Few attributes with few values, so that long lists of rules meet on them. */
const VALUES = ["a", "b", "c", 1, true, "", "1"] as const;
const ATTRIBUTES = ["plan", "country", "user.tier", "groups", "targetingKey"] as const;
const ACTUALS: readonly unknown[] = [...VALUES, "d", 2, false, ["a"], [], {}, null, Number.NaN, -0];

/** Long lists of rules that mostly compare, as product teams write them. */
export function buildRuleScene(tape: Tape, subjects: Tape, contexts: number): Scene {
  const flags: Written = {};
  const keys = ["f", "g"].slice(0, 1 + tape.below(2));
  for (const key of keys) {
    const rules = tape.list(1, 45, (index) => buildRule(tape, `${key}/${index}`));
    flags[key] = { rules, fallthrough: { serve: tape.pick(["off", "on"]) } };
  }
  return {
    document: { flags },
    keys,
    environment: undefined,
    now: 0,
    overrides: [],
    contexts: subjects.list(contexts, contexts, () => {
      const context: Written = {};
      for (const name of ATTRIBUTES) {
        if (!subjects.chance(80)) continue;
        const value = subjects.pick(ACTUALS);
        if (name === "user.tier" && subjects.chance(70)) context.user = { tier: value };
        else context[name] = name === "targetingKey" && subjects.chance(60) ? "user-3" : value;
      }
      return context;
    }),
  };
}

function buildRule(tape: Tape, salt: string): Written {
  const clauses = tape.list(1, 4, () => buildComparison(tape));
  const when = clauses.length === 1 && tape.chance(50) ? clauses[0] : clauses;
  const rule: Written = tape.chance(2) ? {} : { when };
  const serves = tape.below(10);
  if (serves === 9) rule.rollout = { weights: { off: 30, on: tape.pick([70, 50]) } };
  else rule.serve = tape.pick(["on", "off"]);
  if (serves > 6 && serves < 9) rule.percentage = buildPercentage(tape, salt);
  return rule;
}

function buildComparison(tape: Tape): unknown {
  const ops = ["in", "eq", "neq", "notIn", "in", "notIn", "neq", "neq"];
  const op = tape.pick(tape.chance(4) ? ["contains", "exists", "notExists", "startsWith"] : ops);
  const attribute = tape.pick(ATTRIBUTES);
  if (op === "exists" || op === "notExists") return { attribute, op };
  const values = op === "startsWith" ? ["a"] : tape.list(1, 3, () => tape.pick(VALUES));
  const clause: Written = { attribute, op, values };
  if (tape.chance(20)) clause.negate = true;
  return tape.chance(2) ? { not: clause } : clause;
}
