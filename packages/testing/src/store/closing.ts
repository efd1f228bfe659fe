import assert from "node:assert/strict";
import { by, type Check, flag, listen, rejects } from "./bench.ts";

export function closingTests(check: Check): void {
  check("close: twice, also before anything else", async (bench) => {
    const store = bench.open();
    await store.close();
    await store.close();
    await Promise.all([store.close(), store.close()]);
  });

  check("close: what comes later is refused", async (bench) => {
    const store = bench.open();
    await store.write([flag("a", {})], by());
    const heard = listen(store);
    await store.close();
    await rejects(store.read(), "CLOSED");
    await rejects(store.readSubject({ scopes: ["user:ann"], user: "ann" }), "CLOSED");
    await rejects(store.listOverrides({}, { limit: 1 }), "CLOSED");
    await rejects(store.groupsOf("ann"), "CLOSED");
    await rejects(store.members("beta", { limit: 1 }), "CLOSED");
    await rejects(store.listProposals({}, { limit: 1 }), "CLOSED");
    await rejects(store.readAudit({}, { limit: 1 }), "CLOSED");
    await rejects(store.write([flag("a", {})], by()), "CLOSED");
    if (store.migrate !== undefined) await rejects(store.migrate(), "CLOSED");
    heard.stop();
    assert.deepEqual(heard.errors, []);
  });

  check("close: what was begun is finished or refused", async (bench) => {
    const store = bench.open();
    await store.read();
    const writes = Array.from({ length: 10 }, (_, index) =>
      store.write([flag(`f${index}`, {})], by(index)).then(
        () => true,
        () => false,
      ),
    );
    await store.close();
    const acknowledged = await Promise.all(writes);
    if (!bench.harness.shared) return;
    const contents = await bench.open().readAudit({}, { limit: 100 });
    const keys = new Set(contents.items.map(({ key }) => key));
    for (const [index, was] of acknowledged.entries()) {
      if (was) assert.ok(keys.has(`f${index}`));
    }
  });

  check("migrate: before all else, again, and by many", async (bench) => {
    const stores = bench.harness.shared
      ? [bench.open(), bench.open(), bench.open()]
      : [bench.open()];
    await Promise.all(stores.map((store) => store.migrate?.()));
    await Promise.all(stores.map((store) => store.read()));
    await stores[0]?.migrate?.();
    await stores[0]?.write([flag("a", {})], by());
    await stores.at(-1)?.migrate?.();
    assert.equal((await stores.at(-1)?.readAudit({}, { limit: 5 }))?.items.length, 1);
  });
}
