import assert from "node:assert/strict";
import { loadDocument } from "@halyard/core";
import { by, type Check, emergency, entries, flag, NOON, override, segment } from "./bench.ts";

const CHECKOUT = {
  name: "Checkout",
  description: "Größe & 大小 'quoted' \"double\"",
  type: "string",
  variants: { z: "1", a: "2", m: "3" },
  fallthrough: { rollout: { weights: { z: 50, a: 30, m: 20 } } },
  tags: ["one", "two"],
  metadata: { ticket: "X-1" },
} as const;

const BETA = { any: [{ attribute: "groups", op: "contains", values: ["beta"] }] } as const;

export function contentsTests(check: Check): void {
  check("contents: an empty store has a version and nothing else", async (bench) => {
    const store = bench.open();
    const contents = await store.read();
    assert.ok(Number.isSafeInteger(contents.version) && contents.version >= 0);
    assert.deepEqual({ ...entries(contents) }, {});
    assert.deepEqual({ ...entries(contents, "segments") }, {});
    assert.deepEqual(contents.overrides, []);
  });

  check("contents: definitions as written, with what the store knows of them", async (bench) => {
    const store = bench.open();
    const first = await store.write([flag("checkout", CHECKOUT), segment("beta", BETA)], by());
    const contents = await store.read();
    assert.equal(contents.version, first.version);
    const noon = new Date(NOON).toISOString();
    const expected = { ...CHECKOUT, version: first.version, createdAt: noon, updatedAt: noon };
    assert.deepEqual(entries(contents).checkout, expected);
    assert.deepEqual(entries(contents, "segments").beta, BETA);
    // The order of maps is the order of variants.
    const kept = entries(contents).checkout as typeof CHECKOUT;
    assert.deepEqual(Object.keys(kept.variants), ["z", "a", "m"]);
    assert.deepEqual(Object.keys(kept.fallthrough.rollout.weights), ["z", "a", "m"]);

    const second = await store.write([flag("checkout", { ...CHECKOUT, name: "New" })], by(5));
    const { name, version, createdAt, updatedAt } = entries(await store.read())
      .checkout as unknown as Record<string, unknown>;
    assert.deepEqual(
      { name, version, createdAt, updatedAt },
      {
        name: "New",
        version: second.version,
        createdAt: noon,
        updatedAt: new Date(NOON + 300_000).toISOString(),
      },
    );
  });

  check("contents: load without problems", async (bench) => {
    const store = bench.open();
    await store.write(
      [flag("checkout", CHECKOUT), flag("on", { enabled: true }), segment("beta", BETA)],
      by(),
    );
    const { documents } = await store.read();
    const [document] = documents;
    assert.ok(document);
    const set = loadDocument(document.document);
    assert.deepEqual([...set.flags.keys()].sort(), ["checkout", "on"]);
    assert.deepEqual([...set.segments.keys()], ["beta"]);
  });

  check("contents: what is removed is gone", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {}), flag("b", {}), segment("s", BETA)], by());
    await store.read();
    const { version } = await store.write([flag("a", undefined), segment("s", undefined)], by(1));
    const contents = await store.read();
    assert.equal(contents.version, version);
    assert.deepEqual(Object.keys(entries(contents)), ["b"]);
    assert.deepEqual(Object.keys(entries(contents, "segments")), []);
  });

  check("contents: entries stay the same objects while their rows are the same", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", { x: 1 } as never), flag("b", {}), segment("s", BETA)], by());
    const before = await store.read();
    await store.write([flag("b", { name: "B" }), override("a", "system", { value: true })], by(1));
    const after = await store.read();
    assert.equal(entries(after).a, entries(before).a);
    assert.equal(entries(after, "segments").s, entries(before, "segments").s);
    assert.notEqual(entries(after).b, entries(before).b);
    await store.write([flag("a", undefined)], by(2));
    await store.write([flag("a", { x: 1 } as never)], by(3));
    assert.notEqual(entries(await store.read()).a, entries(before).a);
    const [one, other] = await Promise.all([store.read(), store.read()]);
    assert.equal(entries(one).b, entries(other).b);
  });

  check("contents: hold the overrides for everybody, and no others", async (bench) => {
    const store = bench.open();
    await store.write(
      [
        override("a", "system", { value: true }),
        emergency("a", { value: false }),
        override("b", "system", {}),
        override("a", "user:ann", { value: true }),
        override("a", "tenant:t", { value: true }),
      ],
      by(0, { reason: "incident" }),
    );
    const held = (await store.read()).overrides.map(
      ({ flagKey, layer, state }) => `${flagKey} ${layer} ${state}`,
    );
    assert.deepEqual(held.sort(), ["a emergency disabled", "a system enabled", "b system unset"]);
    await store.write([override("a", "system", undefined)], by(1));
    assert.equal((await store.read()).overrides.length, 2);
  });

  check("contents: read at once are those that are waited for", async (bench) => {
    const store = bench.open();
    if (store.readSync === undefined) return;
    await store.write([flag("a", {}), override("a", "system", { value: true })], by());
    const waited = await store.read();
    const atOnce = store.readSync();
    assert.deepEqual(atOnce, waited);
    assert.equal(entries(atOnce).a, entries(waited).a);
  });
}
