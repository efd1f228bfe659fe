import { MemoryStore, type Metrics } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { ChangeEvent, FlagsOptions } from "../instance/options.ts";

const actor = { id: "ann", type: "person" };
const by = { actor, reason: "a customer asked" };
const DAY = 24 * 60 * 60 * 1000;
const KEY = { kid: "k1", secret: "0123456789abcdef0123456789abcdef" };
const overrideTokens = { application: "shop", keys: [KEY] };

const opened: Flags[] = [];
let now: number;
let store: MemoryStore;
let changes: ChangeEvent[];
let logs: string[];

beforeEach(() => {
  now = 1_800_000_000_000;
  changes = [];
  logs = [];
  store = new MemoryStore({
    flags: {
      beta: false,
      text: { type: "string", default: "plain" },
      fixed: { default: false, overridable: false },
    },
    aliases: { "old-beta": "beta" },
  });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions = {}): Flags {
  const log = (message: string): void => void logs.push(message);
  const flags = createFlags({
    sources: [],
    environment: "production",
    store,
    overrideTokens,
    clock: () => now,
    hooks: { onChange: (event) => void changes.push(event) },
    logger: { debug: log, info: log, warn: log, error: log },
    ...options,
  });
  opened.push(flags);
  return flags;
}

const issue = (flags: Flags, more: object = {}) =>
  flags.overrideTokens.issue({ flags: { beta: true }, ...by, ...more } as never);

describe("issuing", () => {
  it("says what the token says, ends after 24 hours, and is in the audit", async () => {
    const flags = make();
    const { token, jti, ...issued } = await issue(flags, { subject: "ben", requestId: "r1" });
    expect(issued).toEqual({
      kid: "k1",
      application: "shop",
      environment: "production",
      subject: "ben",
      flags: { beta: true },
      issuedAt: now,
      expiresAt: now + DAY,
      actor,
      reason: by.reason,
      revoked: false,
    });
    const inspected = flags.overrideTokens.inspect(token);
    expect(inspected).toMatchObject({ accepted: true, claims: { jti, sub: "ben" } });
    const { items } = await flags.audit.list();
    expect(items).toMatchObject([
      {
        action: "created",
        key: "halyard/override-tokens",
        actor,
        requestId: "r1",
        ...{ reason: by.reason },
      },
    ]);
    expect(items[0]?.after).toMatchObject({ value: { flags: { beta: true }, sub: "ben" } });
    expect(JSON.stringify([items, changes, logs])).not.toContain(token.split(".")[3]);
    const list = await flags.overrideTokens.list();
    expect(list.items).toEqual([{ ...issued, jti }]);
  });

  const REFUSED: readonly (readonly [what: object, code: string])[] = [
    [{ flags: {} }, "INVALID_OVERRIDE"],
    [{ flags: undefined }, "INVALID_OVERRIDE"],
    [{ flags: { beta: "on" } }, "INVALID_OVERRIDE"],
    [{ flags: { fixed: true } }, "INVALID_OVERRIDE"],
    [{ flags: { beta: () => true } }, "INVALID_OVERRIDE"],
    [{ flags: { beta: true, "old-beta": false } }, "INVALID_OVERRIDE"],
    [{ flags: JSON.parse('{"__proto__": true}') }, "INVALID_KEY"],
    [{ flags: { "halyard/revoked-tokens/x": true } }, "INVALID_KEY"],
    [{ flags: { text: "x".repeat(4000) } }, "INVALID_OVERRIDE"],
    [{ subject: "" }, "INVALID_OVERRIDE"],
    [{ subject: { id: "ben" } }, "INVALID_OVERRIDE"],
    [{ expiresIn: 8 * DAY }, "INVALID_OVERRIDE"],
    [{ expiresIn: 0 }, "INVALID_OVERRIDE"],
    [{ expiresAt: 5 }, "INVALID_OVERRIDE"],
    [{ expiresIn: 1, expiresAt: 1 }, "INVALID_OVERRIDE"],
    [{ actor: undefined }, "INVALID_ACTOR"],
    [{ reason: 5 }, "INVALID_OVERRIDE"],
  ];
  it.each(REFUSED)("%j is refused with %s, and nothing is written", async (what, code) => {
    const flags = make();
    await expect(issue(flags, what)).rejects.toMatchObject({ name: "HalyardError", code });
    expect((await flags.audit.list()).items).toEqual([]);
  });

  it("refuses who says nothing, by code", async () => {
    const { overrideTokens: tokens } = make();
    const nobody = { code: "INVALID_ACTOR" };
    await expect(tokens.issue(undefined as never)).rejects.toMatchObject(nobody);
    await expect(tokens.revoke("x", undefined as never)).rejects.toMatchObject(nobody);
  });

  it("gives no token when the store can't have it in the audit", async () => {
    const flags = make();
    store.write = () => Promise.reject(new Error("disk full"));
    await expect(issue(flags)).rejects.toMatchObject({ code: "STORE_WRITE_FAILED" });
  });

  it("names flags by what they are called now", async () => {
    const { flags } = await issue(make(), { flags: { "old-beta": true } });
    expect(flags).toEqual({ beta: true });
  });
});

describe("without configuration", () => {
  it("nothing is issued, revoked or inspected", async () => {
    const flags = make({ overrideTokens: undefined });
    const error = { code: "TOKENS_NOT_CONFIGURED" };
    await expect(issue(flags)).rejects.toMatchObject(error);
    await expect(flags.overrideTokens.revoke("x", by)).rejects.toMatchObject(error);
    expect(() => flags.overrideTokens.inspect("x")).toThrow(expect.objectContaining(error));
  });

  it("what others keep of tokens is nobody's override", async () => {
    const other = make();
    const { jti } = await issue(other);
    await other.overrideTokens.revoke(jti, by);
    const flags = make({ overrideTokens: undefined });
    await flags.ready();
    expect(flags.client().all()).toEqual({ beta: false, text: "plain", fixed: false });
    expect(flags.overrides.forEverybody()).toEqual([]);
    expect((await flags.overrides.list()).items).toEqual([]);
    expect(flags.client().details(`halyard/revoked-tokens/${jti}` as never).errorCode).toBe(
      "FLAG_NOT_FOUND",
    );
  });
});

describe("revoking", () => {
  it("outlasts the token, also by the clock of a process that is behind", async () => {
    const ahead = make();
    const behind = make({ clock: () => now - 50_000 });
    const { token, jti, expiresAt } = await issue(ahead, { expiresIn: 3_600_000 });
    await ahead.overrideTokens.revoke(jti, by);
    now = expiresAt + 1;
    const gone = { flagKey: `halyard/revoked-tokens/${jti}`, layer: "system", scope: "system" };
    await store.write([{ what: "override", put: "expired", ...gone } as never], { actor, at: now });
    await expect
      .poll(() => behind.overrideTokens.inspect(token))
      .toMatchObject({ accepted: false });
    await behind.ready();
    expect(behind.overrideTokens.inspect(token)).toEqual({ accepted: false, flaw: "revoked" });
  });

  it("reaches other instances, is in the audit, and goes behind the token", async () => {
    const [one, other] = [make(), make()];
    const { token, jti, expiresAt } = await issue(one);
    expect(await one.overrideTokens.revoke(jti, by)).toBe(true);
    expect(await one.overrideTokens.revoke(jti, by)).toBe(false);
    const revoked = { accepted: false, flaw: "revoked" };
    expect(one.overrideTokens.inspect(token)).toEqual(revoked);
    await expect.poll(() => other.overrideTokens.inspect(token)).toEqual(revoked);
    const [entry] = (await one.audit.list()).items;
    expect(entry).toMatchObject({ action: "created", actor, reason: by.reason });
    const after = { expiresAt: expiresAt + 60_000 };
    expect(entry).toMatchObject({ key: `halyard/revoked-tokens/${jti}`, after });
    expect((await other.overrideTokens.list()).items).toMatchObject([{ jti, revoked: true }]);
  });

  it("nobody takes a revocation back, or makes one, by writing overrides", async () => {
    const flags = make();
    const { token, jti } = await issue(flags);
    await flags.overrideTokens.revoke(jti, by);
    const key = `halyard/revoked-tokens/${jti}` as never;
    const error = { code: "INVALID_KEY" };
    const everybody = { kind: "system" } as const;
    await expect(flags.overrides.delete(key, everybody, by)).rejects.toMatchObject(error);
    await expect(flags.overrides.clear(key, by)).rejects.toMatchObject(error);
    await expect(flags.overrides.set(key, everybody, true as never, by)).rejects.toMatchObject(
      error,
    );
    const change = { what: "override", op: "delete", key, scope: everybody } as const;
    await expect(flags.change([change], by)).rejects.toMatchObject(error);
    expect(flags.overrideTokens.inspect(token).accepted).toBe(false);
  });

  it("works for tokens that were issued elsewhere, and refuses what is no id", async () => {
    const flags = make();
    expect(await flags.overrideTokens.revoke("made-elsewhere", by)).toBe(true);
    for (const jti of ["", "a b", "../x", "a".repeat(65), 5, undefined]) {
      await expect(flags.overrideTokens.revoke(jti as string, by)).rejects.toMatchObject({
        code: "INVALID_OVERRIDE",
      });
    }
  });

  it("is kept in the process where there is no store", async () => {
    const options = { store: undefined, sources: [{ flags: { beta: false } }] } as FlagsOptions;
    const [one, other] = [make(options), make(options)];
    const { token, jti } = await issue(one);
    expect(await one.overrideTokens.revoke(jti, by)).toBe(true);
    expect(await one.overrideTokens.revoke(jti, by)).toBe(false);
    expect(one.overrideTokens.inspect(token).accepted).toBe(false);
    expect(other.overrideTokens.inspect(token).accepted).toBe(true);
    await expect(one.overrideTokens.list()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("has a limit", async () => {
    const flags = make({ store: undefined, sources: [{ flags: { beta: false } }] as never });
    for (let index = 0; index < 10_000; index++) await flags.overrideTokens.revoke(`t${index}`, by);
    await expect(flags.overrideTokens.revoke("one-more", by)).rejects.toThrow(/10000 revoked/);
    // Until they would have ended anyway.
    now += 15 * DAY;
    expect(await flags.overrideTokens.revoke("one-more", by)).toBe(true);
  });
});

it("a session's override ends after 24 hours unless said otherwise", async () => {
  const flags = make();
  const scope = { kind: "session", id: "s1" } as const;
  const set = (more: object) =>
    flags.overrides.set("beta" as never, scope, true as never, { ...by, ...more });
  expect((await set({})).expiresAt).toBe(now + DAY);
  expect((await set({ expiresIn: 1000 })).expiresAt).toBe(now + 1000);
});

it("what is refused and what is applied is counted, each kind logged once", () => {
  const counted: unknown[] = [];
  const sink = {
    recordEvaluation() {},
    recordError() {},
    recordCacheHit() {},
    recordCacheMiss() {},
    recordProviderLatency() {},
    recordProviderError() {},
    recordRefusal: (refusal) => void counted.push(refusal),
    recordOverriddenRequest: (request) => void counted.push(request),
  } satisfies Metrics;
  const { edge } = make({ metrics: { exporter: sink } }) as unknown as {
    readonly edge: import("./edge.ts").Edge;
  };
  edge.refused("override_token", "expired");
  edge.refused("override_token", "expired");
  edge.refused("url_override", "malformed");
  edge.applied(["beta"], new Set(["token:a", "token:b", "url"]));
  expect(counted).toEqual([
    { what: "override_token", reason: "expired" },
    { what: "override_token", reason: "expired" },
    { what: "url_override", reason: "malformed" },
    { origin: "token" },
    { origin: "url" },
  ]);
  expect(logs.filter((line) => line.includes("not heeded"))).toHaveLength(2);
});
