import { setImmediate as turn } from "node:timers/promises";
import { MemoryStore, type SourceListener, type Store, type StoreNotice } from "@halyard/core";
import { afterEach, expect, it, vi } from "vitest";
import { FlagsInstance } from "../flags-instance.ts";
import type { FeedEvent } from "./change-feed.ts";
import type { FlagsOptions } from "./options.ts";

const by = { actor: { id: "ann", type: "person" } };
const soon = { timeout: 5000, interval: 1 };
const instances: FlagsInstance[] = [];

afterEach(async () => {
  for (const f of instances.splice(0)) await f.close();
});

function open(options: FlagsOptions): { f: FlagsInstance; heard: FeedEvent[]; logs: string[] } {
  const logs: string[] = [];
  const log = (message: string): void => void logs.push(message);
  const f = new FlagsInstance({
    sources: [],
    logger: { debug: () => {}, info: () => {}, warn: log, error: log },
    ...options,
  });
  instances.push(f);
  const heard: FeedEvent[] = [];
  f.feed.subscribe({ changed: (event) => heard.push(event), closed: () => {} });
  return { f, heard, logs };
}

const flag = (key: string) => ({ what: "flag", key, scope: undefined });
const override = (key: string, scope: string) => ({ what: "override", key, scope });

/** A store that tells of writes when it is told to. */
function late(beforeReads?: () => Promise<void>): { store: Store; inner: Store; tell: () => void } {
  const store = new MemoryStore();
  const notices: StoreNotice[] = [];
  let listener: SourceListener | undefined;
  store.watch({ onChange: (_, notice) => notice && notices.push(notice), onError: () => {} });
  return {
    inner: store,
    store: {
      name: store.name,
      readSync: () => store.readSync(),
      read: async () => {
        await beforeReads?.();
        return store.read();
      },
      readSubject: (query) => store.readSubject(query),
      listOverrides: (filter, page) => store.listOverrides(filter, page),
      groupsOf: (user) => store.groupsOf(user),
      members: (group, page) => store.members(group, page),
      listProposals: (filter, page) => store.listProposals(filter, page),
      readAudit: (filter, page) => store.readAudit(filter, page),
      write: (changes, attribution) => store.write(changes, attribution),
      close: () => store.close(),
      watch: (given) => {
        listener = given;
        return () => {};
      },
    },
    tell: () => {
      for (const notice of notices.splice(0)) listener?.onChange([store.name], notice);
    },
  };
}

it("tells once of a write, however late the store tells of it as well", async () => {
  const { store, tell } = late();
  const { f, heard } = open({ store });
  await f.change(
    [
      { what: "flag", op: "put", key: "a", definition: true },
      { what: "segment", op: "put", key: "s", definition: { attribute: "plan", op: "exists" } },
      { what: "group", op: "add", group: "staff", user: "ben" },
    ],
    by,
  );
  await vi.waitFor(() => expect(heard).toHaveLength(1), soon);
  expect(heard[0]?.version).toBe(2);
  expect(heard[0]?.changes).toHaveLength(3);
  tell();
  await f.definitions.put("a", false, by);
  await vi.waitFor(() => expect(heard).toHaveLength(2), soon);
  expect(heard[1]).toEqual({ version: 3, changes: [flag("a")] });
  tell();
  await f.overrides.kill("a", { ...by, reason: "broken" });
  await vi.waitFor(() => expect(heard).toHaveLength(3), soon);
  tell();
  for (let count = 0; count < 20; count++) await turn();
  expect(heard.slice(2)).toEqual([{ version: 4, changes: [override("a", "system")] }]);
});

it("tells of what another process wrote when reads see it, and not before", async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { store, inner, tell } = late(() => gate);
  const { f, heard } = open({ store });
  const other = open({ store: inner });
  await other.f.definitions.put("a", true, by);
  await other.f.overrides.set("a", { kind: "system" }, false, by);
  await other.f.groups.add("staff", "ben", by);
  tell();
  // What is not kept in the process is read anew by who asks for it.
  await vi.waitFor(() => expect(heard).toHaveLength(1), soon);
  expect(heard[0]?.changes).toEqual([{ what: "group", key: "staff", scope: "ben" }]);
  for (let count = 0; count < 50; count++) await turn();
  expect([heard.length, f.client().value("a")]).toEqual([1, undefined]);
  release();
  await vi.waitFor(() => expect(heard).toHaveLength(2), soon);
  expect(heard[1]).toEqual({ version: 4, changes: [flag("a"), override("a", "system")] });
  expect(f.client().value("a")).toBe(false);
});

it("tells of a kill switch also while the definitions beside it are refused", async () => {
  const store = new MemoryStore({ flags: { a: true } });
  const { f, heard } = open({ store });
  // What the one knows and the other does not.
  const segments = { pilots: { attribute: "plan", op: "exists" } };
  const other = open({ store, sources: [{ flags: {}, segments }] });
  await other.f.definitions.put("b", { rules: [{ id: "p", when: { segment: "pilots" } }] }, by);
  await vi.waitFor(() => expect(f.health().status).toBe("degraded"), soon);
  for (let count = 1; count <= 3; count++) {
    heard.length = 0;
    await other.f.overrides.kill("a", { ...by, reason: `broken ${count}` });
    await vi.waitFor(() => {
      expect(heard.flatMap(({ changes = [] }) => changes)).toContainEqual(override("a", "system"));
    }, soon);
    expect(f.client().enabled("a")).toBe(false);
    await other.f.overrides.restore("a", by);
    await vi.waitFor(() => expect(f.client().enabled("a")).toBe(true), soon);
  }
});

it("tells nothing of what is kept of tokens, here and elsewhere", async () => {
  const overrideTokens = { application: "shop", keys: [{ kid: "k1", secret: "s".repeat(32) }] };
  const store = new MemoryStore({ flags: { a: false } });
  const [one, other] = [open({ store, overrideTokens }), open({ store, overrideTokens })];
  const tokens = one.f.overrideTokens;
  const { jti } = await tokens.issue({ ...by, flags: { a: true } as never });
  await tokens.revoke(jti, by);
  await one.f.groups.add("staff", "ben", by);
  const told = [{ what: "group", key: "staff", scope: "ben" }];
  for (const { heard } of [one, other]) {
    await vi.waitFor(() => {
      expect(heard.flatMap(({ changes = [] }) => changes)).toContainEqual(told[0]);
    }, soon);
    expect(heard.flatMap(({ changes }) => changes)).toEqual(told);
  }
});

it("names so many changes at most", async () => {
  const { f, heard } = open({ store: new MemoryStore() });
  const changes = Array.from({ length: 501 }, (_, index) => ({
    what: "group" as const,
    op: "add" as const,
    group: "staff",
    user: `user-${index}`,
  }));
  await f.change(changes.slice(1), by);
  await vi.waitFor(() => expect(heard).toHaveLength(1), soon);
  expect(heard[0]?.changes).toHaveLength(500);
  await f.change(
    changes.map((change) => ({ ...change, group: "other" })),
    by,
  );
  await vi.waitFor(() => expect(heard).toHaveLength(2), soon);
  expect(heard[1]?.changes).toBeUndefined();
});

it("logs what a listener throws, tells the others, and tells all of the end once", async () => {
  const { f, heard, logs } = open({ store: new MemoryStore() });
  const ends: string[] = [];
  const end = f.feed.subscribe({
    changed: () => {
      throw new Error("listener broken");
    },
    closed: () => {
      ends.push("first");
      throw new Error("end broken");
    },
  });
  f.feed.subscribe({ changed: () => {}, closed: () => void ends.push("second") });
  await f.groups.add("staff", "ann", by);
  await vi.waitFor(() => expect(heard).toHaveLength(1), soon);
  expect(logs).toEqual([expect.stringContaining("listener broken")]);
  await f.close();
  await f.close();
  end();
  expect(ends).toEqual(["first", "second"]);
  expect(logs).toHaveLength(2);
});
