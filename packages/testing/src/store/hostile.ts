import assert from "node:assert/strict";
import { scopeKey } from "@halyard/core";
import { by, type Check, entries, flag, group, override, rejects, segment } from "./bench.ts";

/** Ids that break what is put together from texts. All different. */
const IDS = [
  "' OR '1'='1",
  '"; DROP TABLE feature_flags; --',
  "\\",
  "\\'",
  "a;b",
  "a%3Bb",
  "a:b",
  "a/b",
  "../../etc/passwd",
  "{a}",
  "a*",
  "a?",
  "[a-z]",
  "%",
  "_",
  "$1",
  "?1",
  ":name",
  "@x",
  "__proto__",
  "constructor",
  "toString",
  "\n\r\t",
  " lead",
  "trail ",
  "é",
  "e\u0301",
  "Ä",
  "ä",
  "中文",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u202eabc",
  "\ufeffbom",
  "\uffff",
  "{}",
  "null",
  "true",
  "0",
  "00",
  "1e3",
  "x".repeat(512),
];

export function hostileTests(check: Check): void {
  check("hostile: ids of any characters are kept apart and come back", async (bench) => {
    const store = bench.open();
    const scopes = [...IDS, "nul\0", "nul%00"].map((id) => scopeKey({ kind: "user", id }));
    await store.write(
      scopes.map((scope, index) => override("a", scope, { value: index })),
      by(),
    );
    for (const [index, scope] of scopes.entries()) {
      const { overrides } = await store.readSubject({ scopes: [scope], user: undefined });
      assert.deepEqual(
        overrides.map(({ value }) => value),
        [index],
        scope,
      );
      assert.equal(scopeKey(overrides[0]?.scope as never), scope);
    }
    await store.write(
      IDS.filter(({ length }) => length <= 256).flatMap((id) => [group(id, id), group("all", id)]),
      by(1),
    );
    for (const id of IDS.filter(({ length }) => length <= 256)) {
      assert.deepEqual(await store.groupsOf(id), id < "all" ? [id, "all"].sort() : ["all", id]);
      assert.deepEqual((await store.members(id, { limit: 5 })).items, [id]);
    }
  });

  check("hostile: segments and definitions of any characters", async (bench) => {
    const store = bench.open();
    const keys = IDS.filter(({ length }) => length <= 256);
    const wild = JSON.parse('{"__proto__":{"x":1},"constructor":"\\u0000\\ud800","":[]}');
    await store.write(
      [...keys.map((key) => segment(key, [key])), flag("a", { metadata: wild })],
      by(),
    );
    const contents = await store.read();
    const found = entries(contents, "segments");
    assert.deepEqual(Object.keys(found).sort(), keys.toSorted());
    for (const key of keys)
      assert.deepEqual(Object.getOwnPropertyDescriptor(found, key)?.value, [key]);
    const kept = (entries(contents).a as { metadata: unknown }).metadata;
    assert.equal(JSON.stringify(kept), JSON.stringify(wild));
    const { items } = await store.readAudit({ key: "a" }, { limit: 1 });
    assert.equal(JSON.stringify(items[0]?.after), JSON.stringify({ metadata: wild }));
  });

  check("hostile: whoever has an impossible id has nothing", async (bench) => {
    const store = bench.open();
    await store.write([override("a", "user:ann", { value: true }), group("g", "ann")], by());
    for (const id of ["", "\0", "ann\0", "\ud800", "x".repeat(10_000), "é".repeat(10_000)]) {
      const { overrides, groups } = await store.readSubject({
        scopes: [`user:${id}`, id],
        user: id,
      });
      assert.deepEqual([overrides, groups], [[], []]);
      assert.deepEqual(await store.groupsOf(id), []);
      assert.deepEqual((await store.members(id, { limit: 5 })).items, []);
      for (const filter of [{ scope: id }, { flagKey: id }]) {
        assert.deepEqual((await store.listOverrides(filter, { limit: 5 })).items, []);
      }
      for (const filter of [{ key: id }, { scope: id }, { actor: id }]) {
        assert.deepEqual((await store.readAudit(filter, { limit: 5 })).items, []);
      }
    }
  });

  check("hostile: the longest of everything", async (bench) => {
    const store = bench.open();
    const long = "\u4e2d".repeat(150);
    const scope = scopeKey({ kind: "user", id: long, org: long, tenant: long });
    const key = "k".repeat(256);
    const description = "\u{1f600}".repeat(400_000);
    await store.write(
      [
        flag(key, { description }),
        override(key, scope, { value: description }),
        group("\uffe0".repeat(256), "\uffe0".repeat(512)),
      ],
      by(0, { reason: "é".repeat(10_000) }),
    );
    assert.equal(
      (entries(await store.read())[key] as { description: string }).description,
      description,
    );
    const { overrides, groups } = await store.readSubject({
      scopes: [scope],
      user: "\uffe0".repeat(512),
    });
    assert.equal(overrides[0]?.value, description);
    assert.deepEqual(groups, ["\uffe0".repeat(256)]);
    const first = await store.listOverrides({}, { limit: 1 });
    assert.equal(first.items.length, 1);
    const longer = scopeKey({ kind: "user", id: "\u4e2d".repeat(512) });
    await rejects(store.write([override(key, longer, { value: 1 })], by()), "INVALID_SCOPE");
  });
}
