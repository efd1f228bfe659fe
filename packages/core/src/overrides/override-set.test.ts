import { describe, expect, it } from "vitest";
import { loadDocument } from "../definition/load.ts";
import type { EvaluationContext } from "../evaluation/context.ts";
import type { JsonValue } from "../json.ts";
import { type Layer, precedenceWith } from "./layers.ts";
import { type Override, stateOf } from "./override.ts";
import { OverrideSet } from "./override-set.ts";
import { parseScopeKey } from "./scope.ts";
import { scopesOf, subjectOf } from "./subject.ts";

const { flags } = loadDocument({
  flags: {
    beta: { default: true },
    layout: { variants: { wide: "w", narrow: "n" }, default: "w", off: "n" },
    fixed: { default: true, overridable: false },
  },
});

const actor = { id: "test", type: "service" };

function override(
  scope: string,
  value: JsonValue | undefined,
  rest: Partial<Override> = {},
): Override {
  const parsed = parseScopeKey(scope);
  return {
    flagKey: "beta",
    layer: parsed.kind as Layer,
    scope: parsed,
    state: stateOf(value),
    value,
    reason: undefined,
    actor,
    createdAt: 0,
    createdBy: actor,
    updatedAt: 0,
    expiresAt: undefined,
    version: 1,
    ...rest,
  };
}

const setOf = (overrides: readonly Override[], precedence = precedenceWith({})) =>
  new OverrideSet(overrides, (key) => flags.get(key), precedence);

/** The scope of what serves; all of them are given in both orders. */
function winner(
  overrides: readonly Override[],
  now = 100,
  key = "beta",
  precedence = precedenceWith({}),
): string | undefined {
  const winners = [overrides, overrides.toReversed()].map((list) => {
    const served = setOf(list, precedence)
      .explain(key, { now })
      .find(({ outcome }) => outcome === "served");
    return served?.scope;
  });
  expect(winners[0]).toBe(winners[1]);
  return winners[0];
}

// Higher first: of any two, the one above serves.
const LADDER = [
  "session:s;org=o;tenant=t",
  "session:s;org=o",
  "session:s;tenant=t",
  "session:s",
  "user:u;org=o;tenant=t",
  "user:u;org=o",
  "user:u;tenant=t",
  "user:u",
  "role:r;org=o;tenant=t",
  "perm:p;org=o",
  "role:r;tenant=t",
  "role:a",
  "role:r",
  "perm:a",
  "perm:p",
  "org:o;tenant=t",
  "org:o",
  "tenant:t",
  "system",
];

describe("the ladder", () => {
  it("has one order, whatever order overrides come in", () => {
    for (const [high, scope] of LADDER.entries()) {
      for (const lower of LADDER.slice(high + 1)) {
        expect([scope, lower, winner([override(scope, true), override(lower, true)])]).toEqual([
          scope,
          lower,
          scope,
        ]);
      }
    }
  });

  it("among roles and permissions of one depth, who denies wins; depth beats both", () => {
    expect(winner([override("role:a", true), override("perm:z", false)])).toBe("perm:z");
    expect(winner([override("role:a", true), override("role:z", false)])).toBe("role:z");
    expect(winner([override("role:a;org=o", true), override("perm:z", false)])).toBe(
      "role:a;org=o",
    );
    const layout = (scope: string, value: string) => override(scope, value, { flagKey: "layout" });
    expect(winner([layout("role:a", "w"), layout("perm:z", "n")], 100, "layout")).toBe("perm:z");
  });

  it("in other layers a denial is nothing special", () => {
    expect(winner([override("user:u", true), override("org:o", false)])).toBe("user:u");
    const level = precedenceWith({ org: 90, tenant: 90 });
    const [role, org] = [override("role:r", true), override("org:o", true)];
    const denial = override("tenant:t", false);
    expect(winner([denial, role], 100, "beta", level)).toBe("role:r");
    expect(winner([denial, org], 100, "beta", level)).toBe("org:o");
  });

  it("what a request brought comes first within its layer, however closely others are meant", () => {
    const brought = override("session:z", true, { origin: "url" });
    expect(winner([override("session:a;org=o;tenant=t", false), brought])).toBe("session:z");
    expect(winner([override("session:a", false, { origin: "url" }), brought])).toBe("session:a");
  });

  it("passes over what is unset, expired, of another type, or not to be overridden", () => {
    const lower = override("system", false);
    expect(winner([override("user:u", undefined), lower])).toBe("system");
    expect(winner([override("user:u", true, { expiresAt: 100 }), lower])).toBe("system");
    expect(winner([override("user:u", true, { expiresAt: 101 }), lower])).toBe("user:u");
    expect(winner([override("user:u", "yes"), lower])).toBe("system");
    expect(winner([override("user:u", true, { flagKey: "fixed" })], 100, "fixed")).toBeUndefined();
    const emergency = override("system", false, { flagKey: "fixed", layer: "emergency" });
    expect(winner([emergency], 100, "fixed")).toBe("system");
  });

  it("can have other priorities, but none above an emergency", () => {
    const precedence = precedenceWith({ tenant: 300, user: undefined });
    const list = [override("user:u", true), override("tenant:t", false)];
    expect(setOf(list, precedence).find("beta", { now: 0 })?.override.layer).toBe("tenant");
    expect(precedence).toMatchObject({ emergency: 1000, user: 100 });
  });

  it("explains every override that was looked at", () => {
    const list = [
      override("tenant:t", true),
      override("user:u", false, { expiresAt: 50 }),
      override("org:o", true),
      override("session:s", undefined),
    ];
    const traces = setOf(list).explain("beta", { now: 100 });
    expect(traces.map(({ scope, outcome }) => [scope, outcome])).toEqual([
      ["session:s", "unset"],
      ["user:u", "expired"],
      ["org:o", "served"],
      ["tenant:t", "lower"],
    ]);
  });
});

describe("a set", () => {
  const NEVER = { now: Number.NaN };

  it("names the flags that have an override that may serve", () => {
    const list = [
      override("user:u", true),
      override("org:o", false),
      override("user:u", true, { flagKey: "fixed" }),
      override("user:u", undefined, { flagKey: "layout" }),
    ];
    expect([...setOf(list).keys()]).toEqual(["beta"]);
  });

  it("serves the same to everybody only from the layers that are for everybody", () => {
    const reasons = [
      override("system", true),
      override("system", true, { layer: "local" }),
      override("system", true, { layer: "emergency" }),
      override("tenant:t", true),
      override("user:u", true),
    ].map((each) => setOf([each]).find("beta", { now: 0 })?.details.reason);
    expect(reasons).toEqual(["STATIC", "STATIC", "STATIC", "TARGETING_MATCH", "TARGETING_MATCH"]);
  });

  it("does not ask the clock for what has no end", () => {
    const clocked = {
      get now(): number {
        throw new Error("asked");
      },
    };
    expect(setOf([override("user:u", true)]).find("beta", clocked)?.details.value).toBe(true);
  });

  it("tells by `false` who denies a flag that has no definition", () => {
    const other = (scope: string, value: boolean) => override(scope, value, { flagKey: "other" });
    expect(winner([other("role:a", true), other("perm:z", false)], 0, "other")).toBe("perm:z");
  });

  it("takes a state that says unset, or a value that is not there, for no value", () => {
    const halves = [
      override("user:u", true, { state: "unset" }),
      override("user:u", true, { value: undefined }),
      override("user:u", true, { value: undefined, flagKey: "other" }),
    ];
    for (const half of halves) {
      expect(setOf([half]).find(half.flagKey, NEVER)).toBeUndefined();
      const [trace] = setOf([half]).explain(half.flagKey, { now: 0 });
      expect(trace?.outcome).toBe("unset");
    }
  });

  it("tells why an override can't serve, of the flag that was asked for", () => {
    const list = [
      override("user:u", "yes"),
      override("user:u", true, { flagKey: "fixed" }),
      override("org:o", true, { expiresAt: 100 }),
      override("tenant:t", true, { expiresAt: 101 }),
    ];
    const outcomes = (key: string) =>
      setOf(list)
        .explain(key, { now: 100 })
        .map(({ scope, outcome }) => `${scope} ${outcome}`);
    expect(outcomes("beta")).toEqual(["user:u wrong type", "org:o expired", "tenant:t served"]);
    expect(outcomes("fixed")).toEqual(["user:u not overridable"]);
  });
});

describe("a subject", () => {
  const scopes = (context: EvaluationContext) => scopesOf(subjectOf(context));

  it("is in every scope that its attributes name, qualified or not", () => {
    const context = {
      userId: "u",
      sessionId: 7,
      roles: ["r"],
      perms: "p",
      orgId: "o",
      tenantId: "t",
    };
    const qualified = (scope: string) => [
      `${scope};org=o;tenant=t`,
      `${scope};org=o`,
      `${scope};tenant=t`,
      scope,
    ];
    expect(scopes(context)).toEqual([
      ...["session:7", "user:u", "role:r", "perm:p"].flatMap(qualified),
      "org:o;tenant=t",
      "org:o",
      "tenant:t",
    ]);
  });

  it("is a user by the targeting key too, unless that stands for a visitor", () => {
    expect(scopes({ targetingKey: "u" })).toEqual(["user:u"]);
    expect(scopes({ targetingKey: "anon_1", anonymous: true })).toEqual([]);
    expect(scopes({ targetingKey: "t", userId: "u" })).toEqual(["user:u"]);
  });

  it.each([
    [{}],
    [{ userId: "" }],
    [{ userId: "\ud800" }],
    [{ userId: "x".repeat(513) }],
    [{ userId: {} }],
    [{ userId: Number.NaN }],
  ])("%j has no scopes", (context) => {
    expect(scopes(context as EvaluationContext)).toEqual([]);
  });

  it("is in no scope that only half of its attributes would name", () => {
    expect(scopes({ userId: "u", tenantId: "t" })).toEqual([
      "user:u;tenant=t",
      "user:u",
      "tenant:t",
    ]);
    expect(scopes({ userId: "u", orgId: "o" })).toEqual(["user:u;org=o", "user:u", "org:o"]);
    expect(scopes({ roles: ["", 7, "r"] as never })).toEqual(["role:7", "role:r"]);
  });

  it("has a limited number of roles", () => {
    const roles = Array.from({ length: 10_000 }, (_, index) => `r${index}`);
    expect(scopes({ roles })).toHaveLength(250);
  });
});

describe("what a request brought, joined to what is stored", () => {
  const definition = (key: string) => flags.get(key);
  const brought = (value: JsonValue, origin: string, rest: Partial<Override> = {}) =>
    override("session:request", value, { origin, ...rest });
  const outcomes = (set: OverrideSet, key = "beta", now = 100) =>
    set.explain(key, { now }).map(({ scope, origin, outcome }) => [origin ?? scope, outcome]);

  it("comes first within its layer, in its own order", () => {
    const stored = setOf([
      override("user:ann", false),
      override("session:s1;org=o;tenant=t", false),
      override("session:s1", undefined),
    ]);
    const joined = stored.joinedBy([brought(true, "url"), brought(false, "token:a")], definition);
    expect(joined.find("beta", { now: 100 })?.override.origin).toBe("url");
    expect(outcomes(joined)).toEqual([
      ["url", "served"],
      ["token:a", "lower"],
      ["session:s1;org=o;tenant=t", "lower"],
      ["session:s1", "unset"],
      ["user:ann", "lower"],
    ]);
  });

  it("goes by the precedence of the stored, and gives way when it has ended", () => {
    const raised = setOf([override("user:ann", false)], precedenceWith({ user: 300 }));
    const joined = raised.joinedBy([brought(true, "url")], definition);
    expect(outcomes(joined)).toEqual([
      ["user:ann", "served"],
      ["url", "lower"],
    ]);
    const ended = setOf([override("user:ann", false)]).joinedBy(
      [brought(true, "token:a", { expiresAt: 100 })],
      definition,
    );
    expect(outcomes(ended)).toEqual([
      ["token:a", "expired"],
      ["user:ann", "served"],
    ]);
  });

  it("is checked as any other, and leaves the stored ones as they were", () => {
    const stored = setOf([override("user:ann", false)]);
    const others = [
      brought(true, "url", { flagKey: "fixed" }),
      brought(7, "url"),
      brought("new", "token:a", { flagKey: "undefined" }),
    ];
    const joined = stored.joinedBy(others, definition);
    expect(outcomes(joined, "fixed")).toEqual([["url", "not overridable"]]);
    expect(outcomes(joined)).toEqual([
      ["url", "wrong type"],
      ["user:ann", "served"],
    ]);
    expect([...joined.keys()].toSorted()).toEqual(["beta", "undefined"]);
    expect([...stored.keys()]).toEqual(["beta"]);
    expect(outcomes(stored)).toEqual([["user:ann", "served"]]);
  });
});
