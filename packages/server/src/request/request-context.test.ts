import type { EvaluationContext, Logger } from "@halyard/core";
import { expect, it, vi } from "vitest";
import { attributeOf, isAnonymous, keyOf } from "../analytics/subject.ts";
import { createLog } from "../instance/log.ts";
import { ContextDeriver } from "./context-deriver.ts";
import type { RequestContextOptions } from "./options.ts";
import type { RequestReader } from "./request-reader.ts";

interface Caller {
  user?: unknown;
}

const reader: RequestReader<Caller> = {
  ip: () => "192.0.2.1",
  method: () => "GET",
  path: () => "/",
  place: () => ({ method: "GET", pattern: "/", mounted: false }),
  url: () => "/",
  host: () => "localhost",
  header: () => undefined,
  user: ({ user }) => user,
  sessionId: () => undefined,
  secure: () => false,
  setCookie: () => true,
  response: () => undefined,
  trustsAnyProxy: () => false,
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };

it("keeps what the latest user's context gives, in whatever order the answers come", async () => {
  const answers = new Map<unknown, (attributes: EvaluationContext) => void>();
  const context = async ({ user }: Caller): Promise<EvaluationContext> =>
    new Promise((resolve) => answers.set((user as { id: string }).id, resolve));
  const request: Caller = { user: { id: "first" } };
  const derived = new ContextDeriver(reader, { context }, createLog(silent)).derive(request);
  const first = derived.load();
  request.user = { id: "second" };
  const second = derived.load();
  expect(derived.load()).toBe(second);
  answers.get("second")?.({ plan: "pro" });
  await second;
  answers.get("first")?.({ plan: "free" });
  await first;
  expect(derived.attribute("plan")).toBe("pro");
  expect(derived.load()).toBeUndefined();
});

it("forgets the attributes of the user before, when the next one's fail", async () => {
  const context = async ({ user }: Caller): Promise<EvaluationContext> => {
    if ((user as { id: string }).id === "second") throw new Error("no such tenant");
    return { plan: "pro" };
  };
  const request: Caller = { user: { id: "first" } };
  const derived = new ContextDeriver(reader, { context }, createLog(silent)).derive(request);
  await derived.load();
  expect(derived.attribute("plan")).toBe("pro");
  request.user = { id: "second" };
  await derived.load();
  expect(derived.attribute("plan")).toBeUndefined();
  expect(derived.attribute("userId")).toBe("second");
});

it("has a JSON form, also when some of it can't be read", () => {
  const user = Object.defineProperty({ id: "ann" }, "email", {
    enumerable: true,
    get: () => {
      throw new Error("lazy");
    },
  });
  const derived = new ContextDeriver(reader, {}, createLog(silent)).derive({ user });
  expect(derived.toJSON()).toEqual({
    targetingKey: "ann",
    userId: "ann",
    ip: "192.0.2.1",
    method: "GET",
    path: "/",
    host: "localhost",
  });
});

function deriverOf(options: RequestContextOptions<Caller>, log: Partial<Logger> = {}) {
  return new ContextDeriver(reader, options, createLog({ ...silent, ...log }));
}

it("is one caller for the whole of a request, until load finds another", () => {
  const request: Caller = {};
  const asked: unknown[] = [];
  const context = ({ user }: Caller) => {
    asked.push(user);
    return { plan: user === undefined ? "free" : "pro" };
  };
  const derived = deriverOf({ context }).derive(request);
  expect(derived.attribute("targetingKey")).toBeUndefined();
  request.user = { id: "ann", roles: ["admin"] };
  // What has been read belongs to nobody: so does the rest.
  expect([derived.attribute("userId"), derived.attribute("roles")]).toEqual([undefined, undefined]);
  expect(derived.generation).toBe(0);
  expect(derived.load()).toBeUndefined();
  expect(derived.generation).toBe(1);
  expect([derived.attribute("targetingKey"), derived.attribute("plan")]).toEqual(["ann", "pro"]);
  derived.load();
  expect([derived.generation, asked.length]).toEqual([1, 2]);
});

it("does not mix what was loaded for one user with another, and says so", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const context = async ({ user }: Caller) => ({ plan: `plan of ${(user as { id: string }).id}` });
  const deriver = deriverOf({ context });
  const request: Caller = { user: { id: "ann" } };
  const derived = deriver.derive(request);
  await derived.load();
  request.user = { id: "ben" };
  expect([derived.attribute("userId"), derived.attribute("plan")]).toEqual(["ben", undefined]);
  expect(deriver.derive(request).attribute("plan")).toBeUndefined();
  const codes = warn.mock.calls.map(([, options]) => (options as { code?: string }).code);
  warn.mockRestore();
  expect(codes).toEqual(["HALYARD_SUBJECT_NOT_LOADED"]);
  await derived.load();
  expect(derived.attribute("plan")).toBe("plan of ben");
});

it("asks what the request has of itself before its user, and named headers before both", () => {
  const own = { ...reader, header: (_request: Caller, name: string) => `header ${name}` };
  const options = {
    userAttributes: ["ip", "plan", "country"],
    headers: { country: "cf-ipcountry" },
  };
  const user = { id: "ann", ip: "198.51.100.7", plan: "pro", country: "DE", roles: ["admin"] };
  const derived = new ContextDeriver(own, options, createLog(silent)).derive({ user });
  const names = ["ip", "plan", "country", "roles", "unnamed"];
  expect(names.map((name) => derived.attribute(name))).toEqual([
    "192.0.2.1",
    "pro",
    "header cf-ipcountry",
    ["admin"],
    undefined,
  ]);
});

it("settles nothing for who looks tentatively", () => {
  const request: Caller = {};
  const asked: unknown[] = [];
  const context = ({ user }: Caller) => {
    asked.push(user);
    if (user === undefined) throw new Error("nobody");
    return { plan: "pro" };
  };
  const derived = deriverOf({ context, anonymous: true }).derive(request);
  const look = () => [derived.attribute("userId"), derived.attribute("plan")];
  expect(derived.tentatively(look)).toEqual([undefined, undefined]);
  expect(derived.failed).toBe(false);
  request.user = { id: "ann" };
  expect(derived.load()).toBeUndefined();
  expect([derived.generation, ...look()]).toEqual([0, "ann", "pro"]);
  request.user = { id: "ben" };
  expect(derived.tentatively(look)).toEqual(["ann", "pro"]);
  expect(asked).toEqual([undefined, { id: "ann" }]);
});

it("is what was loaded, when it has been looked at tentatively since", async () => {
  const derived = deriverOf({ context: async () => ({ plan: "pro" }) }).derive({});
  await derived.load();
  expect(derived.tentatively(() => derived.attribute("plan"))).toBe("pro");
  expect([derived.attribute("plan"), derived.load()]).toEqual(["pro", undefined]);
});

it("keeps an attribute as it was first read", () => {
  const user = { id: "ann", plan: "free", email: undefined as string | undefined };
  const derived = deriverOf({ userAttributes: ["plan"] }).derive({ user });
  const names = ["plan", "email", "targetingKey"];
  const first = names.map((name) => derived.attribute(name));
  Object.assign(user, { id: "ben", plan: "pro", email: "ben@acme.example" });
  expect(names.map((name) => derived.attribute(name))).toEqual(first);
  expect(first).toEqual(["free", undefined, "ann"]);
});

it("makes no id for somebody who only looks", () => {
  const cookies: string[] = [];
  const own = {
    ...reader,
    setCookie: (_request: Caller, cookie: string) => cookies.push(cookie) > 0,
  };
  const derived = new ContextDeriver(own, { anonymous: true }, createLog(silent)).derive({});
  expect(derived.toJSON().targetingKey).toBeUndefined();
  expect(cookies).toEqual([]);
  expect(derived.attribute("targetingKey")).toMatch(/^anon_/);
  expect(derived.toJSON().anonymous).toBe(true);
  expect(cookies.length).toBe(1);
});

it("knows the key of who is signed in for spans, and settles nothing before", () => {
  const context = () => ({ targetingKey: "t-1" });
  const request: Caller = {};
  const derived = deriverOf({ context, anonymous: true }).derive(request);
  expect(derived.knownKey()).toBeUndefined();
  request.user = { id: "ann" };
  expect(derived.knownKey()).toBe("t-1");
  expect(deriverOf({ anonymous: true }).derive(request).knownKey()).toBe("ann");
});

it("tells analytics what is known, and settles nothing before", () => {
  const request: Caller = {};
  const derived = deriverOf({ userAttributes: ["plan"], anonymous: true }).derive(request);
  expect([keyOf(derived), attributeOf(derived, "plan")]).toEqual([undefined, undefined]);
  expect(isAnonymous(derived)).toBe(false);
  request.user = { id: "ann", plan: "pro" };
  expect([keyOf(derived), attributeOf(derived, "plan")]).toEqual(["ann", "pro"]);
  expect(derived.attribute("plan")).toBe("pro");
  expect(isAnonymous(derived)).toBe(false);
});

it("reports a context that throws once in a while, whatever clients make of it", () => {
  const lines: string[] = [];
  const context = (): never => {
    throw new TypeError("bad id \u001b[31m\nerror: all is lost");
  };
  const deriver = deriverOf({ context }, { warn: (line) => void lines.push(line) });
  for (let request = 0; request < 1000; request++) deriver.derive({}).attribute("plan");
  expect(lines.length).toBe(1);
  expect(lines[0]).toContain("TypeError");
  expect(lines[0]).not.toContain("lost");
});
