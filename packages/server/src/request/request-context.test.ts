import type { EvaluationContext } from "@halyard/core";
import { expect, it } from "vitest";
import { createLog } from "../instance/log.ts";
import { ContextDeriver } from "./request-context.ts";
import type { RequestReader } from "./request-reader.ts";

interface Caller {
  user?: unknown;
}

const reader: RequestReader<Caller> = {
  ip: () => "192.0.2.1",
  method: () => "GET",
  path: () => "/",
  host: () => "localhost",
  header: () => undefined,
  user: ({ user }) => user,
  sessionId: () => undefined,
  secure: () => false,
  setCookie: () => true,
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
