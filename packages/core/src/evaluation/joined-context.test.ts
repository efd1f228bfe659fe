import { expect, it } from "vitest";
import type { EvaluationContext } from "./context.ts";
import { JoinedContext } from "./joined-context.ts";

it.each([
  [{}, ["a", "b"]],
  [{ groups: ["c", "a"] }, ["c", "a", "b"]],
  [{ groups: "c" }, ["c", "a", "b"]],
  [{ groups: null }, ["a", "b"]],
])("%j is in the groups that are known of it too, each once", (context, groups) => {
  const joined = new JoinedContext(context as EvaluationContext, ["a", "b"]);
  expect(joined.attribute("groups")).toEqual(groups);
  expect(joined.toJSON()).toEqual({ groups });
});

it("says all else as the context does, also one that works it out", () => {
  const lazy = {
    attribute: (name: string) => (name === "plan" ? "pro" : undefined),
    toJSON: () => ({ plan: "pro" }),
  };
  for (const context of [{ plan: "pro" }, lazy]) {
    const joined = new JoinedContext(context, ["a"]);
    expect(joined.inner).toBe(context);
    expect([joined.attribute("plan"), joined.attribute("groups")]).toEqual(["pro", ["a"]]);
    expect(joined.toJSON()).toEqual({ plan: "pro", groups: ["a"] });
  }
});
