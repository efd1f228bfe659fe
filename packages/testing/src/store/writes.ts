import assert from "node:assert/strict";
import { MAX_CHANGES, type Store } from "@halyard/core";
import {
  ANN,
  by,
  type Check,
  emergency,
  entries,
  flag,
  group,
  NOON,
  override,
  rejects,
  segment,
} from "./bench.ts";

/** Everything that a store has, to see whether a write left anything. */
async function everything(store: Store): Promise<unknown> {
  const { version, documents, overrides } = await store.read();
  const audit = await store.readAudit({}, { limit: 100 });
  const listed = await store.listOverrides({}, { limit: 100 });
  const groups = await store.groupsOf("ann");
  return { version, documents, overrides, audit, listed, groups };
}

export function writeTests(check: Check): void {
  check("write: one version for all changes, and an audit of each", async (bench) => {
    const store = bench.open();
    const { version } = await store.read();
    const written = await store.write(
      [
        flag("a", { enabled: true }),
        segment("s", []),
        override("a", "user:ann", { value: true }),
        group("beta", "ann"),
        group("beta", "bob", false),
      ],
      by(0, { reason: "launch", requestId: "r-1" }),
    );
    assert.equal(written.version, version + 1);
    assert.deepEqual(written.changed, [true, true, true, true, false]);
    const common = {
      at: NOON,
      action: "created",
      before: undefined,
      actor: ANN,
      reason: "launch",
      requestId: "r-1",
      bypass: undefined,
      version: written.version,
    };
    assert.deepEqual(
      written.audit.map(({ id: _, ...entry }) => entry),
      [
        { ...common, what: "flag", key: "a", scope: undefined, after: { enabled: true } },
        { ...common, what: "segment", key: "s", scope: undefined, after: [] },
        {
          ...common,
          what: "override",
          key: "a",
          scope: "user:ann",
          after: { state: "enabled", value: true },
        },
        { ...common, what: "group", key: "beta", scope: "ann", after: true },
      ],
    );
    assert.equal(new Set(written.audit.map(({ id }) => id)).size, 4);
    const stored = await store.readAudit({}, { limit: 10 });
    assert.deepEqual(stored.items.toReversed(), written.audit);
  });

  check("write: what changes nothing makes no version", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {})], by());
    const before = await everything(store);
    const written = await store.write(
      [
        flag("none", undefined),
        override("a", "user:ann", undefined),
        override("a", "user:ann", "expired"),
        group("beta", "ann", false),
      ],
      by(1),
    );
    assert.deepEqual(written, {
      version: (before as { version: number }).version,
      changed: [false, false, false, false],
      audit: [],
      overrides: [undefined, undefined, undefined, undefined],
    });
    assert.deepEqual((await store.write([], by(2))).changed, []);
    assert.deepEqual(await everything(store), before);
  });

  check("write: all or none, when one conflicts", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {}), group("old", "ann")], by());
    const before = await everything(store);
    const changes = [
      flag("new", {}),
      segment("new", []),
      override("a", "user:ann", { value: true }),
      emergency("a", { value: false }),
      group("beta", "ann"),
      group("old", "ann", false),
      flag("a", undefined, 999_999),
    ];
    await rejects(store.write(changes, by(1)), "VERSION_CONFLICT");
    assert.deepEqual(await everything(store), before);
    const reopened = bench.harness.shared ? bench.open() : store;
    assert.deepEqual(await everything(reopened), before);
  });

  check("write: all or none, when one is refused", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {})], by());
    const before = await everything(store);
    const huge = "x".repeat(1_000_001);
    const refused = [
      [flag(" no key", {}), "INVALID_KEY"],
      [flag("text", "text"), "INVALID_DEFINITIONS"],
      [flag("huge", { description: huge }), "INVALID_DEFINITIONS"],
      [segment("", []), "INVALID_KEY"],
      [override("no key!", "system", { value: true }), "INVALID_KEY"],
      [override("a", "user", { value: true }), "INVALID_SCOPE"],
      [override("a", "galaxy:x", { value: true }), "INVALID_SCOPE"],
      [{ ...override("a", "system", { value: 1 }), layer: "user" as const }, "INVALID_SCOPE"],
      [{ ...emergency("a", { value: 1 }), scope: "user:ann" }, "INVALID_SCOPE"],
      [override("a", "user:ann", { value: huge }), "INVALID_OVERRIDE"],
      [override("a", "user:ann", { value: 1, expiresAt: Number.NaN }), "INVALID_OVERRIDE"],
      [group("", "ann"), "INVALID_OPTIONS"],
      [group("beta", "nul\0"), "INVALID_OPTIONS"],
      [group("\ud800", "ann"), "INVALID_OPTIONS"],
    ] as const;
    for (const [change, code] of refused) {
      await rejects(store.write([flag("new", {}), change], by(1)), code);
    }
    const actor = { id: "", type: "person" };
    await rejects(store.write([flag("b", {})], by(1, { actor })), "INVALID_ACTOR");
    await rejects(store.write([flag("b", {})], by(1, { at: Number.NaN })), "INVALID_OPTIONS");
    await rejects(store.write([flag("b", {})], by(1, { reason: "\0" })), "INVALID_OPTIONS");
    assert.deepEqual(await everything(store), before);
  });

  check("write: only while the version is the one that it was made for", async (bench) => {
    const store = bench.open();
    const first = await store.write([flag("a", {}, 0), segment("s", [], 0)], by());
    await rejects(store.write([flag("a", {}, 0)], by(1)), "VERSION_CONFLICT");
    const second = await store.write([flag("a", { name: "A" }, first.version)], by(1));
    await rejects(store.write([flag("a", {}, first.version)], by(2)), "VERSION_CONFLICT");
    await rejects(store.write([flag("b", undefined, 7)], by(2)), "VERSION_CONFLICT");
    await store.write([segment("s", undefined, first.version)], by(2));
    await store.write([flag("a", undefined, second.version)], by(2));

    const put = { value: true };
    const third = await store.write([override("a", "user:ann", put, 0)], by(3));
    await rejects(store.write([override("a", "user:ann", put, 0)], by(4)), "VERSION_CONFLICT");
    await rejects(store.write([override("a", "user:ann", put, 1)], by(4)), "VERSION_CONFLICT");
    await store.write([override("a", "user:ann", undefined, third.version)], by(4));
  });

  check("write: several changes of one thing, each after the other", async (bench) => {
    const store = bench.open();
    const { changed, audit } = await store.write(
      [
        flag("a", { name: "1" }),
        flag("a", { name: "2" }),
        flag("gone", {}),
        flag("gone", undefined),
        override("a", "user:ann", { value: 1 }),
        override("a", "user:ann", undefined),
        override("a", "user:ann", { value: 2 }),
        group("beta", "ann"),
        group("beta", "ann", false),
      ],
      by(),
    );
    assert.ok(!changed.includes(false));
    assert.equal(audit.length, 9);
    const contents = await store.read();
    assert.deepEqual(Object.keys(entries(contents)), ["a"]);
    assert.equal((entries(contents).a as { name: string }).name, "2");
    const subject = await store.readSubject({ scopes: ["user:ann"], user: "ann" });
    assert.deepEqual(
      subject.overrides.map(({ value }) => value),
      [2],
    );
    assert.deepEqual(subject.groups, []);
  });

  check("write: as many changes as may be, and no more", async (bench) => {
    const store = bench.open();
    const changes = Array.from({ length: MAX_CHANGES + 1 }, (_, index) =>
      flag(`flag-${index}`, { enabled: index % 2 === 0 }),
    );
    await rejects(store.write(changes, by()), "INVALID_OPTIONS");
    await store.write(changes.slice(1), by());
    assert.equal(Object.keys(entries(await store.read())).length, MAX_CHANGES);
  });

  check("write: what the caller changes later is not written", async (bench) => {
    const store = bench.open();
    const definition = { name: "before", variants: { on: true, off: false } };
    const value = { list: [1] };
    await store.write([flag("a", definition), override("a", "system", { value })], by());
    definition.name = "after";
    definition.variants.on = false;
    value.list.push(2);
    const contents = await store.read();
    const kept = entries(contents).a as unknown as typeof definition;
    assert.deepEqual([kept.name, kept.variants], ["before", { on: true, off: false }]);
    assert.deepEqual(contents.overrides[0]?.value, { list: [1] });
  });

  check("write: seen by every reader once it has resolved", async (bench) => {
    const writer = bench.open();
    const reader = bench.harness.shared ? bench.open() : writer;
    await reader.read();
    for (let round = 1; round <= 5; round++) {
      const { version } = await writer.write(
        [
          flag("a", { name: `round ${round}` }),
          override("a", "user:ann", { value: round }),
          group(`g${round}`, "ann"),
        ],
        by(round),
      );
      const contents = await reader.read();
      assert.equal(contents.version, version);
      assert.equal((entries(contents).a as { name: string }).name, `round ${round}`);
      const subject = await reader.readSubject({ scopes: ["user:ann"], user: "ann" });
      assert.equal(subject.version, version);
      assert.equal(subject.overrides[0]?.value, round);
      assert.equal(subject.groups.length, round);
    }
  });
}
