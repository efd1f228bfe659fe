import { expect, it } from "vitest";
import { hasValue, type Override, stateOf } from "./override.ts";

it("has a state by its value", () => {
  expect([true, false, undefined, null, "", 0, {}].map(stateOf)).toEqual([
    "enabled",
    "disabled",
    "unset",
    "value",
    "value",
    "value",
    "value",
  ]);
});

it("has a value unless it is unset, or there is none", () => {
  const states = ["enabled", "disabled", "value", "unset"] as const;
  const having = states.map((state) => hasValue({ state } as Override));
  expect([...having, hasValue(undefined)]).toEqual([true, true, true, false, false]);
});
