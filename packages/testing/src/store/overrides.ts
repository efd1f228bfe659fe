import assert from "node:assert/strict";
import type { JsonValue, Override } from "@halyard/core";
import { ANN, by, type Check, emergency, flag, NOON, override } from "./bench.ts";

const BOB = { id: "bob", type: "service" };

const VALUES: readonly (readonly [JsonValue, Override["state"]])[] = [
  [true, "enabled"],
  [false, "disabled"],
  ["on", "value"],
  ["", "value"],
  [0, "value"],
  [-1.5e-7, "value"],
  [null, "value"],
  [[1, "two", { three: null }], "value"],
  [JSON.parse('{"z":1,"a":{"__proto__":2,"1":[]}}'), "value"],
  ["a\0b\ud800", "value"],
];

export function overrideTests(check: Check): void {
  check("override: the whole record comes back", async (bench) => {
    const store = bench.open();
    const scope = "user:ann;org=acme;tenant=t1";
    const first = await store.write(
      [override("a", scope, { value: "x", expiresAt: NOON + 5000 })],
      by(0, { reason: "trial" }),
    );
    const read = async () =>
      (await store.readSubject({ scopes: [scope], user: undefined })).overrides;
    const record = {
      flagKey: "a",
      layer: "user",
      scope: { kind: "user", id: "ann", org: "acme", tenant: "t1" },
      state: "value",
      value: "x",
      reason: "trial",
      actor: ANN,
      createdAt: NOON,
      createdBy: ANN,
      updatedAt: NOON,
      expiresAt: NOON + 5000,
      version: first.version,
    };
    assert.deepEqual(await read(), [record]);
    assert.deepEqual(first.overrides, [record]);
    const second = await store.write([override("a", scope, {})], by(1, { actor: BOB }));
    const unset = {
      ...record,
      state: "unset",
      value: undefined,
      reason: undefined,
      actor: BOB,
      updatedAt: NOON + 60_000,
      expiresAt: undefined,
      version: second.version,
    };
    assert.deepEqual(await read(), [unset]);
    assert.deepEqual(second.overrides, [unset]);
    assert.deepEqual((await store.listOverrides({}, { limit: 5 })).items, [unset]);
    const third = await store.write(
      [override("b", scope, undefined), override("a", scope, "expired"), flag("a", {})],
      by(2),
    );
    assert.deepEqual(third.overrides, [undefined, unset, undefined]);
  });

  check("override: every value, and the state that goes with it", async (bench) => {
    const store = bench.open();
    await store.write(
      VALUES.map(([value], index) => override(`flag-${index}`, "role:admin", { value })),
      by(),
    );
    const { overrides } = await store.readSubject({ scopes: ["role:admin"], user: undefined });
    const found = new Map(overrides.map((found) => [found.flagKey, found]));
    for (const [index, [value, state]] of VALUES.entries()) {
      const { value: given, state: givenState } = found.get(`flag-${index}`) ?? {};
      assert.equal(JSON.stringify(given), JSON.stringify(value));
      assert.equal(givenState, state);
    }
  });

  check("override: the emergency slot is apart from all others", async (bench) => {
    const store = bench.open();
    await store.write([emergency("a", { value: false })], by(0, { reason: "incident" }));
    await store.write([override("a", "system", { value: true })], by(1));
    const states = async () =>
      (await store.read()).overrides.map(({ layer, state }) => `${layer} ${state}`).sort();
    assert.deepEqual(await states(), ["emergency disabled", "system enabled"]);
    await store.write([override("a", "system", undefined)], by(2));
    assert.deepEqual(await states(), ["emergency disabled"]);
    await store.write([override("a", "system", { value: true })], by(3));
    await store.write([emergency("a", undefined)], by(4));
    assert.deepEqual(await states(), ["system enabled"]);
  });

  check("override: scopes are matched exactly", async (bench) => {
    const store = bench.open();
    const scopes = [
      "user:ann",
      "user:Ann",
      "user:ann ",
      "user:ann;org=acme",
      "user:ann;tenant=acme",
      "user:ann;org=acme;tenant=t1",
      "session:ann",
      "role:ann",
      "perm:ann",
      "org:ann",
      "org:ann;tenant=t1",
      "tenant:ann",
    ];
    await store.write(
      scopes.map((scope) => override("a", scope, { value: scope })),
      by(),
    );
    const valuesOf = async (...asked: readonly string[]) => {
      const { overrides } = await store.readSubject({ scopes: asked, user: undefined });
      return overrides.map(({ value }) => value).sort();
    };
    for (const scope of scopes) assert.deepEqual(await valuesOf(scope), [scope]);
    assert.deepEqual(await valuesOf(...scopes), [...scopes].sort());
    assert.deepEqual(await valuesOf("user:annn", "user:an", "user:%", "user:*", "user:_nn"), []);
    assert.deepEqual(await valuesOf(), []);
  });

  check("override: what has expired is still there until it is removed", async (bench) => {
    const store = bench.open();
    const expiresAt = NOON + 60_000;
    await store.write([override("a", "user:ann", { value: true, expiresAt })], by());
    const { overrides } = await store.readSubject({ scopes: ["user:ann"], user: undefined });
    assert.equal(overrides[0]?.expiresAt, expiresAt);

    const expire = [override("a", "user:ann", "expired" as const)];
    assert.deepEqual((await store.write(expire, by(0.5))).changed, [false]);
    const renewed = { value: true, expiresAt: NOON + 180_000 };
    await store.write([override("a", "user:ann", renewed)], by(0.9));
    assert.deepEqual((await store.write(expire, by(1))).changed, [false]);
    assert.deepEqual((await store.write(expire, by(2.9))).changed, [false]);
    const { changed, audit } = await store.write(expire, by(3));
    assert.deepEqual(changed, [true]);
    assert.equal(audit[0]?.action, "expired");
    assert.deepEqual(audit[0]?.before, { state: "enabled", ...renewed });
    const left = await store.listOverrides({}, { limit: 5 });
    assert.deepEqual(left.items, []);

    await store.write([override("a", "user:ann", { value: true })], by(4));
    assert.deepEqual((await store.write(expire, by(1e6))).changed, [false]);
  });
}
