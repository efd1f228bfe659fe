import { describe, expect, it } from "vitest";
import { FlagClient } from "../client.ts";
import { HalyardError } from "../errors.ts";
import type { EvaluationContext } from "../evaluation/context.ts";
import { compileSnapshot } from "../snapshot.ts";
import { runToEnd } from "../steps.ts";
import { loadDocument } from "./load.ts";

function client(
  document: unknown,
  context: EvaluationContext = {},
  environment?: string,
): FlagClient {
  const snapshot = runToEnd(compileSnapshot(loadDocument(document), { environment }));
  return new FlagClient({ snapshot, defaultEnabled: false, track: () => {} }, context);
}

function problemsOf(document: unknown): string[] {
  try {
    loadDocument(document);
  } catch (error) {
    if (error instanceof HalyardError) return error.problems.map((problem) => problem.path);
    throw error;
  }
  return [];
}

describe("shorthands", () => {
  it("takes a bare boolean as the flag's value", () => {
    const flags = client({ flags: { "dark-mode": true, light: false } });
    expect(flags.enabled("dark-mode")).toBe(true);
    expect(flags.enabled("light")).toBe(false);
    expect(flags.details("dark-mode")).toMatchObject({ reason: "STATIC", variant: "on" });
  });

  it("flattens groups of booleans", () => {
    expect(client({ flags: { users: { signup: true, admin: { ban: true } } } }).all()).toEqual({
      "users.signup": true,
      "users.admin.ban": true,
    });
  });
});

describe("problems", () => {
  it("finds what means nothing to the segment operator", () => {
    const clause = { op: "segment", values: ["s"], attribute: 1, orEqual: true };
    const segments = { s: { attribute: "a", op: "exists" }, t: clause };
    expect(problemsOf({ segments })).toEqual(["/segments/t/attribute", "/segments/t/orEqual"]);
  });

  it("reports every problem with its path", () => {
    expect(
      problemsOf({
        flags: {
          a: { type: "boolean", default: "x" },
          b: { colour: 1, enabled: "yes" },
          c: { rules: [{ when: [{ attribute: "x", op: "nope", values: [1] }], serve: "on" }] },
        },
      }),
    ).toEqual([
      "/flags/a/default",
      "/flags/b/colour",
      "/flags/b/enabled",
      "/flags/c/rules/0/when/0/op",
    ]);
  });
});

describe("documents in code", () => {
  it("are not changed by loading them", () => {
    const clause = { attribute: "plan", op: "in", values: ["pro"] };
    const document = { flags: { a: { rules: [{ when: [clause], serve: "on" }] } } };
    loadDocument(document);
    expect(Object.isFrozen(clause)).toBe(false);
    expect(Object.isFrozen(clause.values)).toBe(false);
    expect(Object.isFrozen(document.flags.a.rules[0]?.when)).toBe(false);
  });

  it("are refused when they are cyclic, however wide", () => {
    const conditions: unknown[] = [];
    conditions.push({ all: conditions }, { all: conditions });
    const document = { flags: { a: { rules: [{ when: conditions, serve: "on" }] } } };
    expect(() => loadDocument(document)).toThrow(/cyclic/);
  });
});

describe("the canonical form", () => {
  it.each([1, 0.5, "red", [1], { a: 1 }])("of a flag that is just %j loads again", (value) => {
    const document = { flags: { a: { default: value } } };
    const { flags } = loadDocument(document);
    const flag = JSON.parse(JSON.stringify(flags.get("a")));
    expect(flag).not.toHaveProperty("variants");
    const again = loadDocument({ flags: { a: flag } });
    expect(JSON.parse(JSON.stringify(again.flags.get("a")))).toEqual(flag);
    expect(client({ flags: { a: flag } }).details("a")).toMatchObject({
      value,
      variant: undefined,
      variantIndex: undefined,
    });
  });
});

describe("empty lists", () => {
  it("do not switch a flag off that only writes `enabled`", () => {
    expect(client({ flags: { a: { enabled: true, rules: [] } } }).enabled("a")).toBe(true);
  });
});
