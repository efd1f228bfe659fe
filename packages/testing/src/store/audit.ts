import assert from "node:assert/strict";
import type { AuditEntry, AuditFilter, Store } from "@halyard/core";
import { ANN, by, type Check, emergency, flag, group, NOON, override, segment } from "./bench.ts";

const BOB = { id: "bob", type: "service" };

async function told(store: Store, filter: AuditFilter): Promise<string[]> {
  const { items } = await store.readAudit(filter, { limit: 100 });
  return items.map(({ what, key, scope, action }) => [what, key, scope, action].join(" "));
}

async function history(store: Store): Promise<void> {
  await store.write([flag("a", { name: "1" })], by(0));
  await store.write([flag("a", { name: "2" })], by(1, { actor: BOB, reason: "better" }));
  await store.write([segment("s", [])], by(2));
  await store.write([override("a", "user:ann", { value: 1, expiresAt: NOON + 1 })], by(3));
  await store.write([emergency("a", { value: false })], by(4, { actor: BOB, requestId: "r" }));
  await store.write([override("a", "user:ann", "expired")], by(5));
  await store.write([group("beta", "cy")], by(6));
  await store.write([group("beta", "cy", false)], by(7));
  await store.write([flag("a", undefined)], by(8));
}

const TOLD = [
  "flag a  removed",
  "group beta cy removed",
  "group beta cy created",
  "override a user:ann expired",
  "override a emergency created",
  "override a user:ann created",
  "segment s  created",
  "flag a  updated",
  "flag a  created",
];

const FILTERS: readonly (readonly [AuditFilter, readonly number[]])[] = [
  [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  [{ what: "flag" }, [0, 7, 8]],
  [{ what: "group" }, [1, 2]],
  [{ key: "a" }, [0, 3, 4, 5, 7, 8]],
  [{ key: "a", what: "override" }, [3, 4, 5]],
  [{ scope: "emergency" }, [4]],
  [{ scope: "user:ann" }, [3, 5]],
  [{ what: "group", scope: "cy" }, [1, 2]],
  [{ action: "removed" }, [0, 1]],
  [{ action: "expired" }, [3]],
  [{ actor: "bob" }, [4, 7]],
  [{ actor: "bob' OR '1'='1" }, []],
  [{ from: NOON + 3 * 60_000 }, [0, 1, 2, 3, 4, 5]],
  [{ to: NOON + 3 * 60_000 }, [6, 7, 8]],
  [{ from: NOON + 60_000, to: NOON + 3 * 60_000, actor: "ann" }, [6]],
  [{ key: "none" }, []],
];

export function auditTests(check: Check): void {
  check("audit: newest first, by any filter", async (bench) => {
    const store = bench.open();
    await history(store);
    for (const [filter, expected] of FILTERS) {
      assert.deepEqual(
        await told(store, filter),
        expected.map((index) => TOLD[index]),
        JSON.stringify(filter),
      );
    }
  });

  check("audit: what was, what is, who, why", async (bench) => {
    const store = bench.open();
    await history(store);
    const { items } = await store.readAudit({}, { limit: 100 });
    const without = (index: number): Partial<AuditEntry> => {
      const { id: _, version: __, ...entry } = items[index] as AuditEntry;
      return entry;
    };
    assert.deepEqual(without(7), {
      at: NOON + 60_000,
      action: "updated",
      what: "flag",
      key: "a",
      scope: undefined,
      before: { name: "1" },
      after: { name: "2" },
      actor: BOB,
      reason: "better",
      requestId: undefined,
      bypass: undefined,
    });
    assert.deepEqual(without(3), {
      at: NOON + 5 * 60_000,
      action: "expired",
      what: "override",
      key: "a",
      scope: "user:ann",
      before: { state: "value", value: 1, expiresAt: NOON + 1 },
      after: undefined,
      actor: ANN,
      reason: undefined,
      requestId: undefined,
      bypass: undefined,
    });
    assert.deepEqual([items[4]?.requestId, items[2]?.after, items[1]?.before], ["r", true, true]);
    const versions = items.map(({ version }) => version);
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => b - a),
    );
  });

  check("audit: pages do not move when entries are added", async (bench) => {
    const store = bench.open();
    await history(store);
    const whole = (await store.readAudit({}, { limit: 100 })).items.map(({ id }) => id);
    for (const limit of [1, 2, 4]) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.readAudit({ to: NOON + 9 * 60_000 }, { limit, cursor });
        assert.ok(page.items.length <= limit);
        found.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
        await store.write([flag("later", { name: `${limit} ${found.length}` })], by(100));
      } while (cursor !== undefined);
      assert.deepEqual(found, whole);
    }
  });
}
