import assert from "node:assert/strict";
import type { JsonValue, ProposalChange, Store } from "@halyard/core";
import { ANN, by, type Check, entries, flag, listening, NOON, rejects, until } from "./bench.ts";
import type { StoreHarness } from "./harness.ts";

function proposal(
  key: string,
  definition: JsonValue | undefined,
  ifVersion?: number,
): ProposalChange {
  return { what: "proposal", key, definition, ifVersion };
}

async function ids(store: Store, limit: number): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listProposals({}, { limit, cursor });
    assert.ok(page.items.length <= limit);
    found.push(...page.items.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

export function proposalTests(check: Check, harness: StoreHarness): void {
  check("proposals: what is put comes back, is put again, and goes", async (bench) => {
    const store = bench.open();
    assert.deepEqual(await store.listProposals({}, { limit: 5 }), { items: [], cursor: undefined });
    const said = { status: "open", changes: [{ "": "\u{1f600}", n: 1.5, no: null }] };
    const first = await store.write([proposal("p1", said)], by());
    const { items } = await store.listProposals({ key: "p1" }, { limit: 5 });
    const times = { createdAt: NOON, createdBy: ANN, updatedAt: NOON, updatedBy: ANN };
    assert.deepEqual(items, [{ key: "p1", definition: said, version: first.version, ...times }]);
    assert.equal(JSON.stringify(items[0]?.definition), JSON.stringify(said));

    const again = [proposal("p1", { status: "closed" }, first.version)];
    const second = await store.write(again, by(5));
    await rejects(store.write(again, by(6)), "VERSION_CONFLICT");
    await rejects(store.write([proposal("p1", {}, 0)], by(6)), "VERSION_CONFLICT");
    const [row] = (await store.listProposals({}, { limit: 5 })).items;
    assert.deepEqual([row?.definition, row?.version], [{ status: "closed" }, second.version]);
    assert.deepEqual([row?.createdAt, row?.updatedAt], [NOON, NOON + 5 * 60_000]);

    assert.deepEqual((await store.write([proposal("p1", undefined)], by(7))).changed, [true]);
    assert.deepEqual((await store.write([proposal("p1", undefined)], by(8))).changed, [false]);
    assert.deepEqual((await store.listProposals({}, { limit: 5 })).items, []);
    const audit = await store.readAudit({ what: "proposal", key: "p1" }, { limit: 5 });
    assert.deepEqual(
      audit.items.map(({ action, before, after }) => [action, before, after]),
      [
        ["removed", { status: "closed" }, undefined],
        ["updated", said, { status: "closed" }],
        ["created", undefined, said],
      ],
    );
  });

  check("proposals: by their ids, in pages, of any characters", async (bench) => {
    const store = bench.open();
    const keys = ["!", "' OR '1'='1", "A", "__proto__", "a", "a*", "é", "中", "\u{1f600}"];
    await store.write(
      keys.toReversed().map((key) => proposal(key, { key })),
      by(),
    );
    for (const limit of [1, 4, 9, 1000]) assert.deepEqual(await ids(store, limit), keys);
    for (const key of keys) {
      const { items, cursor } = await store.listProposals({ key }, { limit: 1 });
      assert.deepEqual([items.map((row) => row.definition), cursor], [[{ key }], undefined]);
    }
    for (const key of ["", "\0", "\ud800", "b", "x".repeat(10_000)]) {
      assert.deepEqual((await store.listProposals({ key }, { limit: 1 })).items, []);
    }
    for (const limit of [0, 1.5, 1001]) {
      await rejects(store.listProposals({}, { limit }), "INVALID_OPTIONS");
    }
    await rejects(store.listProposals({}, { limit: 1, cursor: "x" }), "INVALID_OPTIONS");
    await rejects(store.write([proposal("", {})], by()), "INVALID_KEY");
    await rejects(store.write([proposal("p", [])], by()), "INVALID_DEFINITIONS");
  });

  check("proposals: made together with what they propose, or not at all", async (bench) => {
    const store = bench.open();
    const { version } = await store.write([proposal("p", { status: "open" })], by());
    const apply = [flag("a", { enabled: true }, 0), proposal("p", { status: "done" }, version)];
    await store.write(apply, by(1));
    assert.deepEqual(Object.keys(entries(await store.read())), ["a"]);
    const late = [flag("b", { enabled: true }, 0), proposal("p", { status: "done" }, version)];
    await rejects(store.write(late, by(2)), "VERSION_CONFLICT");
    assert.deepEqual(Object.keys(entries(await store.read())), ["a"]);
  });

  check("proposals: others are told of them", async (bench) => {
    const reader = bench.open();
    const writer = harness.shared ? bench.open() : reader;
    const heard = await listening(reader);
    await writer.write([proposal("p", { status: "open" })], by());
    const touched = () => heard.notices.flatMap((notice) => notice.touched ?? []);
    await until("the proposal is heard of", () => touched().length > 0);
    assert.deepEqual(touched()[0], { what: "proposal", key: "p", scope: undefined });
    assert.equal((await reader.listProposals({ key: "p" }, { limit: 1 })).items.length, 1);
    heard.stop();
  });

  check("audit: what bypassed a review says so, and nothing else", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {})], by(0, { bypass: true }));
    await store.write([flag("b", {})], by(1));
    const { items } = await store.readAudit({}, { limit: 5 });
    assert.deepEqual(
      items.map(({ key, bypass }) => [key, bypass]),
      [
        ["b", undefined],
        ["a", true],
      ],
    );
  });

  if (!harness.shared || !harness.manyWriters) return;
  check("proposals: of many who claim one, one succeeds", async (bench) => {
    const stores = Array.from({ length: 5 }, () => bench.open());
    const [first] = stores as [Store];
    const { version } = await first.write([proposal("p", { status: "open" })], by());
    const claims = stores.map((store, index) => {
      const changes = [flag(`f${index}`, {}), proposal("p", { by: index }, version)];
      return store.write(changes, by(1)).then(
        () => true,
        () => false,
      );
    });
    const claimed = await Promise.all(claims);
    assert.equal(claimed.filter(Boolean).length, 1);
    assert.deepEqual(Object.keys(entries(await first.read())), [`f${claimed.indexOf(true)}`]);
  });
}
