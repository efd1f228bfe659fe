import { expect, it } from "vitest";
import { FlagClient } from "../client.ts";
import { loadDocument } from "../definition/load.ts";
import { compileSnapshot } from "../snapshot.ts";
import { runToEnd } from "../steps.ts";
import type { EvaluationContext } from "./context.ts";
import { shown } from "./explain-condition.ts";
import { OBJECT } from "./operators/operator.ts";
import type { Explanation } from "./trace.ts";

function explain(
  flags: object,
  key: string,
  context: EvaluationContext,
  segments = {},
): Explanation {
  const snapshot = runToEnd(compileSnapshot(loadDocument({ flags, segments })));
  const client = new FlagClient({ snapshot, defaultEnabled: false, track() {} }, context);
  return client.explain(key as never);
}

it("shows the bucket that decides, at the very border of what a split serves", () => {
  // The bucket of this user for this salt is 24276.
  const at = (weight: number) => {
    const weights = { off: weight, on: 100 - weight };
    const flags = {
      split: { type: "boolean", fallthrough: { rollout: { weights, salt: "new-checkout" } } },
    };
    const { details, steps } = explain(flags, "split", { targetingKey: "user-1" });
    expect(JSON.stringify(steps)).toContain('"bucket":24276');
    return details.variant;
  };
  expect([at(24.276), at(24.277)]).toEqual(["on", "off"]);
  const flags = { split: { type: "boolean", percentage: 50 } };
  expect(JSON.stringify(explain(flags, "split", {}).steps)).not.toContain('"bucket"');
});

it("shows which of several segments hold the subject, and one by itself", () => {
  const segments = {
    pro: { attribute: "plan", op: "eq", values: ["pro"] },
    german: { attribute: "country", op: "eq", values: ["DE"] },
  };
  const traced = (segment: string | string[]) => {
    const flags = { beta: { type: "boolean", rules: [{ id: "r", when: { segment } }] } };
    const { steps } = explain(flags, "beta", { plan: "pro" }, segments);
    return JSON.stringify(steps);
  };
  expect(traced("pro")).toContain('"condition":{"kind":"segment","segment":"pro"');
  expect(traced(["german", "pro"])).toMatch(
    /"condition":\{"kind":"any","conditions":\[\{"kind":"segment","segment":"german".*"outcome":false\},\{"kind":"segment","segment":"pro".*"outcome":true\}\],"outcome":true\}/,
  );
});

it("shows attributes as JSON, objects as such, and cuts long texts", () => {
  const long = "x".repeat(200);
  const values = [undefined, "text", 7, ["a"], long];
  expect(values.map((value) => shown(value))).toEqual(values);
  expect(shown(OBJECT)).toEqual({});
  expect(shown(`${long}y`)).toBe(`${long}…`);
});
