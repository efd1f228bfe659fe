import assert from "node:assert/strict";
import { type AuditEntry, HalyardError, type Store } from "@halyard/core";
import { by, type Check, entries, flag, group } from "./bench.ts";
import type { StoreHarness } from "./harness.ts";

const WRITERS = 4;
const WRITES = 20;

async function wholeAudit(store: Store): Promise<readonly AuditEntry[]> {
  const all: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.readAudit({}, { limit: 500, cursor });
    all.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all.reverse();
}

export function concurrencyTests(check: Check, { shared, manyWriters }: StoreHarness): void {
  check("writers at once, in one process: each has its version, nothing is lost", async (bench) => {
    const store = bench.open();
    await writeAll(Array.from({ length: WRITERS }, () => store));
  });

  if (!shared || !manyWriters) return;

  check("writers at once, in several: each has its version, nothing is lost", async (bench) => {
    await writeAll(Array.from({ length: WRITERS }, () => bench.open()));
  });

  check("writers at once, of one flag: only the newest version is replaced", async (bench) => {
    const stores = Array.from({ length: WRITERS }, () => bench.open());
    const [first] = stores as [Store];
    await first.write([flag("counter", { metadata: { n: 0 } })], by());
    await Promise.all(stores.map((store) => countUp(store, 10)));
    const { metadata } = entries(await first.read()).counter as { metadata: { n: number } };
    assert.equal(metadata.n, WRITERS * 10);
  });
}

async function writeAll(stores: readonly Store[]): Promise<void> {
  const [first] = stores as [Store];
  const start = (await first.read()).version;
  const results = await Promise.all(
    stores.map(async (store, writer) => {
      const versions: number[] = [];
      for (let count = 0; count < WRITES; count++) {
        const changes = [flag(`f-${writer}-${count}`, {}), group(`g-${writer}`, `u-${count}`)];
        versions.push((await store.write(changes, by(count))).version);
      }
      return versions;
    }),
  );
  for (const versions of results) {
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
  }
  const total = WRITERS * WRITES;
  const expected = Array.from({ length: total }, (_, index) => start + 1 + index);
  assert.deepEqual(
    results.flat().toSorted((a, b) => a - b),
    expected,
  );
  const contents = await first.read();
  assert.equal(contents.version, start + total);
  assert.equal(Object.keys(entries(contents)).length, total);
  const audit = await wholeAudit(first);
  assert.deepEqual(
    audit.map(({ version }) => version),
    expected.flatMap((version) => [version, version]),
  );
  assert.equal(new Set(audit.map(({ key, scope }) => `${key} ${scope}`)).size, 2 * total);
}

/** Adds one to a flag's number so many times, again whenever somebody else was faster. */
async function countUp(store: Store, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const { metadata, version } = entries(await store.read()).counter as {
      metadata: { n: number };
      version: number;
    };
    const next = flag("counter", { metadata: { n: metadata.n + 1 } }, version);
    try {
      await store.write([next], by());
      done++;
    } catch (error) {
      if (!(error instanceof HalyardError) || error.code !== "VERSION_CONFLICT") throw error;
    }
  }
}
