import assert from "node:assert/strict";
import { by, type Check, group } from "./bench.ts";

export function groupTests(check: Check): void {
  check("groups: who is in which, and whether that is new", async (bench) => {
    const store = bench.open();
    const join = [group("beta", "ann"), group("alpha", "ann"), group("beta", "bob")];
    assert.deepEqual((await store.write(join, by())).changed, [true, true, true]);
    assert.deepEqual((await store.write([group("beta", "ann")], by(1))).changed, [false]);
    assert.deepEqual(await store.groupsOf("ann"), ["alpha", "beta"]);
    assert.deepEqual(await store.groupsOf("cy"), []);
    const subject = await store.readSubject({ scopes: [], user: "ann" });
    assert.deepEqual(subject.groups, ["alpha", "beta"]);
    const nobody = await store.readSubject({ scopes: [], user: undefined });
    assert.deepEqual(nobody.groups, []);
    assert.deepEqual((await store.members("beta", { limit: 10 })).items, ["ann", "bob"]);

    const leave = [group("beta", "ann", false), group("beta", "cy", false)];
    assert.deepEqual((await store.write(leave, by(2))).changed, [true, false]);
    assert.deepEqual(await store.groupsOf("ann"), ["alpha"]);
    assert.deepEqual((await store.members("beta", { limit: 10 })).items, ["bob"]);
    assert.deepEqual((await store.members("none", { limit: 10 })).items, []);
  });

  check("groups: a user of many, and a group of many", async (bench) => {
    const store = bench.open();
    const names = Array.from({ length: 300 }, (_, index) => `g-${String(index).padStart(4, "0")}`);
    await store.write(
      names.map((name) => group(name, "ann")),
      by(),
    );
    await store.write(
      names.map((name) => group("all", name)),
      by(1),
    );
    assert.deepEqual(await store.groupsOf("ann"), names);
    const first = await store.members("all", { limit: 200 });
    const second = await store.members("all", { limit: 200, cursor: first.cursor });
    assert.deepEqual([...first.items, ...second.items], names);
    assert.equal(second.cursor, undefined);
  });
}
