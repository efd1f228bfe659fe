import assert from "node:assert/strict";
import { MAX_CHANGES, type Store, type StoreChange } from "@halyard/core";
import { by, type Check, flag, group } from "./bench.ts";
import type { StoreHarness } from "./harness.ts";

/** The keys of all entries that are kept, newest first. */
async function kept(store: Store): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.readAudit({}, { limit: 500, cursor });
    keys.push(...page.items.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}

/** Members of a group, as many entries of the audit. */
function members(name: string, count: number): StoreChange[] {
  return Array.from({ length: count }, (_, index) => group(name, `u${index}`));
}

/** Writes groups until so many entries were made. */
async function fill(store: Store, count: number): Promise<void> {
  for (let made = 0; made < count; made += MAX_CHANGES) {
    await store.write(members(`g${made}`, Math.min(MAX_CHANGES, count - made)), by());
  }
}

async function three(store: Store, name: string): Promise<void> {
  for (const number of [1, 2, 3]) await store.write([flag(`${name}${number}`, {})], by(number));
}

export function retentionTests(check: Check, { audit, shared }: StoreHarness): void {
  if (audit === undefined) {
    check("audit: all of it is kept", async (bench) => {
      const store = bench.open();
      await fill(store, 2500);
      await three(store, "a");
      assert.equal((await kept(store)).length, 2503);
    });
    return;
  }

  const { limit } = audit;
  check("audit: as much is kept as was said, the newest", async (bench) => {
    const store = bench.open({ auditLimit: limit });
    if (audit.of === "writes") for (let count = 0; count < limit; count++) await fill(store, 1);
    else await fill(store, limit);
    await three(store, "a");
    await three(store, "b");
    const keys = await kept(store);
    assert.deepEqual(keys.slice(0, 3), ["b3", "b2", "b1"]);
    assert.equal(keys.length, limit);
    assert.equal(new Set(keys.slice(0, Math.min(6, limit))).size, Math.min(6, limit));
  });

  if (!shared || audit.of === "writes") return;

  check("audit: what was kept before there was a limit goes, too", async (bench) => {
    const before = bench.open();
    await fill(before, limit + 5 * MAX_CHANGES);
    const store = bench.open({ auditLimit: limit });
    await three(store, "a");
    await three(store, "b");
    const keys = await kept(store);
    assert.deepEqual([keys.length, keys[0], keys[5]], [limit, "b3", "a1"]);
    assert.deepEqual(await kept(before), keys);
  });

  check("audit: who is behind by more than is kept is not told of a part", async (bench) => {
    const options = { auditLimit: limit, push: false, pollInterval: 400 };
    const [writer, reader] = [bench.open(options), bench.open(options)];
    await writer.write([flag("a", {})], by());
    const told: (number | undefined)[] = [];
    const watched = new Promise<void>((resolve) => {
      reader.watch?.({
        onChange: (_, notice) => {
          if (told.push(notice?.touched?.length) === 1) resolve();
        },
        onError: () => {},
      });
    });
    await watched;
    const { version } = await writer.write(members("many", MAX_CHANGES), by(1));
    await three(writer, "b");
    const end = Date.now() + 5000;
    const seen = async (): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return told.length > 1 && (await reader.read()).version >= version + 3;
    };
    while (!(await seen())) assert.ok(Date.now() < end, "the reader heard of nothing");
    const all = told.slice(1);
    const count = all.reduce<number>((sum, each) => sum + (each ?? 1e6), 0);
    assert.ok(count >= MAX_CHANGES + 3 || all.includes(undefined), `${all}`);
  });
}
