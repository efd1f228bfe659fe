import { MemoryStore } from "@halyard/core";
import { expect, it, vi } from "vitest";
import { FlagsInstance } from "../flags-instance.ts";
import { RequestFlags } from "./request-flags.ts";
import type { RequestReader } from "./request-reader.ts";

interface Caller {
  user?: unknown;
}

const reader: RequestReader<Caller> = {
  ip: () => undefined,
  method: () => "GET",
  path: () => "/",
  place: () => ({ method: "GET", pattern: "/", mounted: false }),
  url: () => "/",
  host: () => undefined,
  header: () => undefined,
  user: ({ user }) => user,
  sessionId: () => undefined,
  secure: () => false,
  setCookie: () => true,
  response: () => undefined,
  trustsAnyProxy: () => false,
};

const actor = { id: "ops", type: "user" };

async function withStore(): Promise<FlagsInstance> {
  const store = new MemoryStore();
  const instance = new FlagsInstance({ sources: [{ flags: { beta: false } }] as never, store });
  await instance.ready();
  await instance.overrides.set("beta", { kind: "user", id: "ann" }, true, { actor });
  return instance;
}

it("waits for nothing where there is nothing to load", async () => {
  const instance = new FlagsInstance({ sources: [{ flags: { beta: true } }] as never });
  const flags = new RequestFlags(instance, reader);
  expect(flags.prepare(flags.client({}))).toBeUndefined();
  await instance.close();
});

it("waits for what a store knows of the caller", async () => {
  const instance = await withStore();
  const flags = new RequestFlags<Caller>(instance, reader);
  const client = flags.client({ user: { id: "ann" } });
  await flags.prepare(client);
  expect(client.enabled("beta")).toBe(true);
  await instance.close();
});

it("does not settle who the caller is before authentication", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const instance = await withStore();
  const flags = new RequestFlags<Caller>(instance, reader);
  const request: Caller = {};
  const client = flags.client(request);
  await flags.prepare(client);
  request.user = { id: "ann" };
  await client.ready();
  expect(client.enabled("beta")).toBe(true);
  // Known from now on, so that nobody has to wait.
  const next: Caller = {};
  const later = flags.client(next);
  await flags.prepare(later);
  next.user = { id: "ann" };
  expect(later.enabled("beta")).toBe(true);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
  await instance.close();
});
