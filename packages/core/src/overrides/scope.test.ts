import { describe, expect, it } from "vitest";
import { HalyardError } from "../errors.ts";
import {
  checkScope,
  isScopeId,
  layerOf,
  MAX_SCOPE_ID,
  parseScopeKey,
  type Scope,
  scopeKey,
} from "./scope.ts";

/** The message of what is thrown, which has to be of the code for scopes. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(HalyardError);
    expect((error as HalyardError).code).toBe("INVALID_SCOPE");
    return (error as HalyardError).message;
  }
  throw new Error("nothing was thrown");
}

const KEYS: readonly (readonly [key: string, scope: Scope])[] = [
  ["system", { kind: "system" }],
  ["tenant:t1", { kind: "tenant", id: "t1" }],
  ["org:acme;tenant=t1", { kind: "org", id: "acme", tenant: "t1" }],
  ["session:s", { kind: "session", id: "s" }],
  ["user:ann;org=acme;tenant=t1", { kind: "user", id: "ann", org: "acme", tenant: "t1" }],
  ["role:admin;org=acme", { kind: "role", id: "admin", org: "acme" }],
  ["perm:write;tenant=t1", { kind: "perm", id: "write", tenant: "t1" }],
  ["user:a:b", { kind: "user", id: "a:b" }],
  [
    "user:%00%25%3Bx%3D;org=%3D;tenant=%3B%25",
    { kind: "user", id: "\0%;x=", org: "=", tenant: ";%" },
  ],
];

describe("a scope's key", () => {
  it.each(KEYS)("%s", (key, scope) => {
    expect(scopeKey(scope)).toBe(key);
    expect(parseScopeKey(key)).toStrictEqual(scope);
    expect(layerOf(scope)).toBe(scope.kind);
  });

  it("has nothing of qualifiers that a kind can't have", () => {
    const scope = { kind: "tenant", id: "t", org: "o", tenant: "x" } as never;
    expect(scopeKey(scope)).toBe("tenant:t");
  });

  it.each([
    "user:ann;tenant=t;org=o",
    "user:%41",
    "user:a%3b",
    "system:",
    "user:a;org=b=c",
    "org:%",
  ])("refuses %s, which is written in another way or is none", (key) => {
    expect(refusal(() => parseScopeKey(key))).toMatch(/^The scope .{10,}\.$/);
  });

  it.each(["", ":ann", "user", "user:", "user:ann;", "user:ann;org", "nobody:x"])(
    "refuses %j",
    (key) => {
      refusal(() => parseScopeKey(key));
    },
  );
});

describe("a given scope", () => {
  it("becomes one of its own, frozen, without what is undefined", () => {
    const given = { kind: "user", id: "ann", org: undefined };
    const scope = checkScope(given);
    expect(scope).toStrictEqual({ kind: "user", id: "ann" });
    expect(Object.isFrozen(scope)).toBe(true);
    expect(scope).not.toBe(given);
    expect(checkScope({ id: "ann", kind: "user" })).toStrictEqual({ kind: "user", id: "ann" });
  });

  it.each([
    [undefined, "must be an object"],
    ["user:ann", "must be an object"],
    [[], "must be an object"],
    [{}, "one of system, tenant, org"],
    [{ kind: ["user"], id: "ann" }, "one of"],
    [{ kind: "toString", id: "ann" }, "one of"],
    [{ kind: "system", id: "x" }, "kind system has no field `id`"],
    [{ kind: "system", tenant: "x" }, "kind system has no field `tenant`"],
    [{ kind: "tenant", id: "x", org: "o" }, "kind tenant has no field `org`"],
    [{ kind: "org", id: "x", org: "o" }, "kind org has no field `org`"],
    [{ kind: "user", id: "x", "": "o" }, "kind user has no field ``"],
    [{ kind: "user", id: "x", [`${"n".repeat(50)}z`]: "o" }, `\`${"n".repeat(50)}\``],
    [{ kind: "user" }, "kind user needs an `id`"],
    [{ kind: "user", id: 7 }, "`id` a text of 1 to 512"],
    [{ kind: "user", id: "ann", org: "" }, "`org` a text"],
  ])("%j is refused", (given, message) => {
    expect(refusal(() => checkScope(given))).toContain(message);
  });

  it.each(["role", "perm", "session", "user"])("of kind %s may have both qualifiers", (kind) => {
    const given = { kind, id: "x", org: "o", tenant: "t" };
    expect(checkScope(given)).toStrictEqual(given);
  });
});

it("knows what can be an id", () => {
  const ids = ["x", " ", "x".repeat(MAX_SCOPE_ID), "😀"];
  expect(ids.map(isScopeId)).toEqual(ids.map(() => true));
  const others = ["", "x".repeat(MAX_SCOPE_ID + 1), "\ud800", 7, undefined];
  expect(others.map(isScopeId)).toEqual(others.map(() => false));
});
