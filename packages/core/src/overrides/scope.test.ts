import { describe, expect, it } from "vitest";
import {
  checkScope,
  isScopeId,
  layerOf,
  MAX_SCOPE_KEY,
  parseScopeKey,
  type Scope,
  scopeKey,
} from "./scope.ts";

const KEYS: readonly (readonly [Scope, string])[] = [
  [{ kind: "system" }, "system"],
  [{ kind: "tenant", id: "t1" }, "tenant:t1"],
  [{ kind: "org", id: "acme", tenant: "t1" }, "org:acme;tenant=t1"],
  [{ kind: "user", id: "ann" }, "user:ann"],
  [{ kind: "user", id: "ann", tenant: "t1" }, "user:ann;tenant=t1"],
  [{ kind: "user", id: "ann", org: "acme", tenant: "t1" }, "user:ann;org=acme;tenant=t1"],
  [{ kind: "session", id: "a:b" }, "session:a:b"],
  [{ kind: "role", id: "a;org=b" }, "role:a%3Borg%3Db"],
  [{ kind: "perm", id: "100%", org: "a=b" }, "perm:100%25;org=a%3Db"],
  [{ kind: "user", id: "a\0b" }, "user:a%00b"],
  [{ kind: "user", id: "%00" }, "user:%2500"],
  [{ kind: "user", id: "__proto__", tenant: "constructor" }, "user:__proto__;tenant=constructor"],
  [{ kind: "user", id: " \u{1f600}\n" }, "user: \u{1f600}\n"],
];

describe("scopeKey", () => {
  it.each(KEYS)("of %j is %j, and back", (scope, key) => {
    expect(scopeKey(scope)).toBe(key);
    expect(parseScopeKey(key)).toEqual(scope);
    expect(checkScope(scope)).toEqual(scope);
  });

  it("is the same for the same ids again and again", () => {
    for (const _ of [1, 2, 3]) expect(scopeKey({ kind: "user", id: "a;b" })).toBe("user:a%3Bb");
  });
});

const NO_KEYS = [
  "",
  "user",
  "user:",
  "galaxy:x",
  "__proto__:x",
  "system:x",
  "system;tenant=t",
  "tenant:t;tenant=t",
  "tenant:t;org=o",
  "org:o;org=o",
  "user:ann;tenant=t;org=o",
  "user:ann;org=a;org=b",
  "user:ann;id=bob",
  "user:ann;kind=role",
  "user:ann;__proto__=x",
  "user:ann;org=",
  "user:ann;org",
  "user:ann;",
  "user:a%3b",
  "user:a%41",
  "user:a=b",
  "user:a\0",
  "user:\ud800",
  `user:${"x".repeat(513)}`,
];

it.each(NO_KEYS)("parseScopeKey refuses %j", (key) => {
  expect(() => parseScopeKey(key)).toThrow(expect.objectContaining({ code: "INVALID_SCOPE" }));
});

const NO_SCOPES: readonly unknown[] = [
  undefined,
  null,
  "user:ann",
  [],
  {},
  { kind: "user" },
  { kind: "user", id: "" },
  { kind: "user", id: 7 },
  { kind: "user", id: "ann", org: "" },
  { kind: "user", id: "ann", role: "x" },
  { kind: "system", id: "x" },
  { kind: "tenant", id: "t", tenant: "t" },
  { kind: "toString", id: "t" },
  new Map([["kind", "system"]]),
];

it.each(NO_SCOPES)("checkScope refuses %j", (scope) => {
  expect(() => checkScope(scope)).toThrow(expect.objectContaining({ code: "INVALID_SCOPE" }));
});

it("an id is well-formed text of 1 to 512 characters", () => {
  expect(["a", "x".repeat(512), "\0", "\u{1f600}"].every(isScopeId)).toBe(true);
  expect(["", "x".repeat(513), "\ud800", 7, undefined].some(isScopeId)).toBe(false);
});

it("a scope's key has a limit, in bytes", () => {
  const three = "x".repeat(490);
  const fits: readonly Scope[] = [
    { kind: "user", id: three, org: three, tenant: three },
    { kind: "user", id: "中".repeat(498) },
    { kind: "user", id: "\u{1f600}".repeat(256) },
    { kind: "user", id: "%".repeat(498) },
  ];
  for (const scope of fits) {
    expect(new TextEncoder().encode(scopeKey(checkScope(scope))).length).toBeGreaterThan(1000);
  }
  const tooLong: readonly Scope[] = [
    { kind: "user", id: three, org: three, tenant: "x".repeat(512) },
    { kind: "user", id: "中".repeat(499) },
    { kind: "user", id: "\u{1f600}".repeat(250), tenant: "\u{1f600}".repeat(122) },
    { kind: "user", id: "%".repeat(499) },
  ];
  for (const scope of tooLong) {
    expect(new TextEncoder().encode(scopeKey(scope)).length).toBeGreaterThan(MAX_SCOPE_KEY);
    expect(() => checkScope(scope)).toThrow(/together/);
  }
});

it("counts the bytes of a key to the last one", () => {
  const given = (org: string) => ({ kind: "user", id: "中".repeat(490), org });
  const borders = "\x7f\x80\u07ff\u0800\uffff\u{10000}";
  // Beside `user:` and `;org=`: 1470 bytes of the id, and 1 + 2 + 2 + 3 + 3 + 4 of the borders.
  const exactly = given(`${borders}${"x".repeat(5)}`);
  expect(checkScope(exactly)).toStrictEqual(exactly);
  expect(() => checkScope(given(`${borders}${"x".repeat(6)}`))).toThrow(/1501 bytes/);
});

it("a given scope becomes one of its own, frozen, without what is undefined", () => {
  const given = { id: "ann", kind: "user", org: undefined };
  const scope = checkScope(given);
  expect(scope).toStrictEqual({ kind: "user", id: "ann" });
  expect(Object.isFrozen(scope)).toBe(true);
  expect(layerOf(scope)).toBe("user");
});

it.each([
  ["user:ann", "must be an object"],
  [{}, "one of system, tenant, org"],
  [{ kind: ["user"], id: "ann" }, "one of"],
  [{ kind: "system", id: "x" }, "kind system has no field `id`"],
  [{ kind: "tenant", id: "x", org: "o" }, "kind tenant has no field `org`"],
  [{ kind: "user", id: "x", "": "o" }, "kind user has no field ``"],
  [{ kind: "user", id: "x", [`${"n".repeat(50)}z`]: "o" }, `\`${"n".repeat(50)}\``],
  [{ kind: "user" }, "kind user needs an `id`"],
  [{ kind: "user", id: 7 }, "`id` a text of 1 to 512"],
  [{ kind: "user", id: "ann", org: "" }, "`org` a text"],
])("of %j it is said what is wrong", (given, message) => {
  expect(() => checkScope(given)).toThrow(message);
});

it.each(["role", "perm", "session", "user"])("kind %s may have both qualifiers", (kind) => {
  const given = { kind, id: "x", org: "o", tenant: "t" };
  expect(checkScope(given)).toStrictEqual(given);
});

it("a key has nothing of qualifiers that a kind can't have", () => {
  const scope = { kind: "tenant", id: "t", org: "o", tenant: "x" } as never;
  expect(scopeKey(scope)).toBe("tenant:t");
  expect(() => parseScopeKey("user:%41")).toThrow("no scope as Halyard writes them");
});
