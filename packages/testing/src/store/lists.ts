import assert from "node:assert/strict";
import type { OverrideFilter, Page, PageRequest, Store } from "@halyard/core";
import { by, type Check, emergency, group, NOON, override, rejects } from "./bench.ts";

/** All pages of a list, one after the other; `between` runs before each but the first. */
async function allPages<T>(
  list: (page: PageRequest) => Promise<Page<T>>,
  limit: number,
  between: () => Promise<unknown> = async () => {},
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    assert.ok(page.items.length <= limit);
    found.push(...page.items);
    cursor = page.cursor;
    if (cursor !== undefined) await between();
  } while (cursor !== undefined);
  return found;
}

async function names(store: Store, filter: OverrideFilter, limit = 100): Promise<string[]> {
  const all = await allPages((page) => store.listOverrides(filter, page), limit);
  return all.map(({ flagKey, layer, value }) => `${flagKey} ${layer} ${value}`);
}

const GARBAGE = ["", "x", "%", "[]", "null", encodeURIComponent("[1,2,3]"), "a".repeat(50_000)];

export function listTests(check: Check): void {
  check("list: overrides by flag, layer and scope, by any filter, in pages", async (bench) => {
    const store = bench.open();
    await store.write(
      [
        override("b", "user:2", { value: "2" }),
        override("b", "user:1", { value: "1", expiresAt: NOON + 1000 }),
        override("b", "tenant:9", { value: "9" }),
        override("a", "user:1", { value: "1" }),
        override("a", "system", { value: "s", expiresAt: NOON + 2000 }),
        emergency("a", { value: "e" }),
        override("c", "role:1", { value: "r" }),
        override("B", "user:1", { value: "u" }),
      ],
      by(),
    );
    const all = [
      "B user u",
      "a emergency e",
      "a system s",
      "a user 1",
      "b tenant 9",
      "b user 1",
      "b user 2",
      "c role r",
    ];
    for (const limit of [1, 2, 3, 7, 8, 9, 1000]) {
      assert.deepEqual(await names(store, {}, limit), all);
    }
    assert.deepEqual(await names(store, { flagKey: "b" }, 2), [
      "b tenant 9",
      "b user 1",
      "b user 2",
    ]);
    assert.deepEqual(await names(store, { layer: "user" }, 1), [
      "B user u",
      "a user 1",
      "b user 1",
      "b user 2",
    ]);
    assert.deepEqual(await names(store, { scope: "user:1" }, 2), [
      "B user u",
      "a user 1",
      "b user 1",
    ]);
    assert.deepEqual(await names(store, { scope: "system" }), ["a emergency e", "a system s"]);
    assert.deepEqual(await names(store, { expiredAt: NOON + 1000 }), ["b user 1"]);
    assert.deepEqual(await names(store, { expiredAt: NOON + 9000 }, 1), ["a system s", "b user 1"]);
    assert.deepEqual(await names(store, { expiredAt: NOON + 999 }), []);
    assert.deepEqual(await names(store, { flagKey: "b", layer: "user", scope: "user:2" }), [
      "b user 2",
    ]);
    assert.deepEqual(await names(store, { flagKey: "a", expiredAt: NOON + 9000 }), ["a system s"]);
    assert.deepEqual(await names(store, { flagKey: "none" }), []);
  });

  check("list: nothing is twice or left out when others come in between", async (bench) => {
    const store = bench.open();
    const key = (index: number) => `flag-${String(index).padStart(3, "0")}`;
    const kept = Array.from({ length: 20 }, (_, index) => key(index * 10));
    await store.write(
      kept.map((flagKey) => override(flagKey, "user:ann", { value: "kept" })),
      by(),
    );
    let next = 0;
    const between = () => {
      next += 37;
      return store.write([override(key(next % 200), "user:bob", { value: "new" })], by(next));
    };
    const list = (page: PageRequest) => store.listOverrides({}, page);
    const found = await allPages(list, 3, between);
    const ids = found.map(({ flagKey, value }) => `${flagKey} ${value}`);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      ids.filter((id) => id.endsWith("kept")),
      kept.map((flagKey) => `${flagKey} kept`),
    );
    assert.deepEqual(
      ids.map((id) => id.slice(0, 8)).toSorted(),
      ids.map((id) => id.slice(0, 8)),
    );
  });

  check("list: members go by the bytes of their ids", async (bench) => {
    const store = bench.open();
    const sorted = ["!", "B", "_", "a", "ab", "b", "z", "é", "\u4e2d", "\uffe0", "\u{1f600}"];
    await store.write(
      sorted.toReversed().map((user) => group("g", user)),
      by(),
    );
    for (const limit of [1, 4, 100]) {
      assert.deepEqual(await allPages((page) => store.members("g", page), limit), sorted);
    }
    await store.write(
      sorted.map((name) => group(name, "ann")),
      by(1),
    );
    assert.deepEqual(
      await store.groupsOf("ann"),
      [...sorted.slice(0, 5), "b", "g", ...sorted.slice(6)].filter((name) => name !== "g"),
    );
  });

  check("list: limits and cursors that are none are refused", async (bench) => {
    const store = bench.open();
    const lists = [
      (page: PageRequest) => store.listOverrides({}, page),
      (page: PageRequest) => store.listOverrides({ scope: "user:ann" }, page),
      (page: PageRequest) => store.listOverrides({ expiredAt: NOON }, page),
      (page: PageRequest) => store.members("beta", page),
      (page: PageRequest) => store.readAudit({}, page),
    ];
    for (const list of lists) {
      for (const limit of [0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY]) {
        await rejects(list({ limit }), "INVALID_OPTIONS");
      }
      for (const cursor of GARBAGE) await rejects(list({ limit: 5, cursor }), "INVALID_OPTIONS");
    }
    const nul = encodeURIComponent(JSON.stringify(["a\0", "user", "user:ann"]));
    await rejects(store.listOverrides({}, { limit: 5, cursor: nul }), "INVALID_OPTIONS");
    for (const id of ["x", "0", "-1", "1e3", "1;--", "99999999999999999999"]) {
      const cursor = encodeURIComponent(JSON.stringify([id]));
      await rejects(store.readAudit({}, { limit: 5, cursor }), "INVALID_OPTIONS");
    }
  });
}
