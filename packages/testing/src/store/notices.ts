import assert from "node:assert/strict";
import { HalyardError } from "@halyard/core";
import {
  by,
  type Check,
  emergency,
  entries,
  flag,
  group,
  listen,
  listening,
  override,
  rejects,
  segment,
  until,
} from "./bench.ts";
import type { StoreHarness } from "./harness.ts";

export function noticeTests(check: Check, { shared }: StoreHarness): void {
  check("notices: what was touched, of one's own writes", async (bench) => {
    const store = bench.open();
    const heard = await listening(store);
    const { version } = await store.write(
      [
        flag("a", {}),
        segment("s", []),
        override("b", "user:ann", { value: true }),
        override("c", "system", { value: true }),
        emergency("d", { value: true }),
        group("beta", "ann"),
        group("beta", "bob", false),
      ],
      by(),
    );
    await until("it is told", () => heard.notices.length > 0);
    assert.deepEqual(heard.notices, [
      {
        version,
        touched: [
          { what: "flag", key: "a", scope: undefined },
          { what: "segment", key: "s", scope: undefined },
          { what: "override", key: "b", scope: "user:ann" },
          { what: "override", key: "c", scope: "system" },
          { what: "override", key: "d", scope: "system" },
          { what: "group", key: "beta", scope: "ann" },
        ],
      },
    ]);
  });

  check("notices: none of what changes nothing, and none after the end", async (bench) => {
    const store = bench.open();
    const heard = await listening(store);
    await store.write([flag("none", undefined)], by());
    const other = await listening(store);
    assert.equal(heard.notices.length, 1, "the mark of the other");
    await heard.stop();
    await store.write([flag("a", {})], by());
    await until("the other is told", () => other.notices.length > 0);
    assert.equal(heard.notices.length, 1);
    assert.deepEqual([heard.errors, other.errors], [[], []]);
  });

  check("notices: a listener that throws harms no write and no other listener", async (bench) => {
    const store = bench.open();
    store.watch?.({
      onChange: () => {
        throw new Error("thrown by a listener");
      },
      onError: () => {
        throw new Error("thrown by a listener, too");
      },
    });
    const heard = await listening(store);
    const { version } = await store.write([flag("a", {})], by());
    await until("it is told", () => heard.versions().includes(version));
    assert.equal((await store.read()).version, version);
  });

  if (shared) sharedNoticeTests(check);
}

function sharedNoticeTests(check: Check): void {
  check("notices: of other processes' writes, in order, each thing once", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open()];
    const heard = await listening(reader);
    const before = (await reader.read()).version;
    for (let round = 0; round < 30; round++) {
      await writer.write([flag(`f${round}`, {}), override("a", `user:${round}`, {})], by(round));
    }
    await until("all is told", () => heard.versions().at(-1) === before + 30);
    assert.deepEqual(
      heard.versions(),
      heard.versions().toSorted((a, b) => a - b),
    );
    const touched = heard.notices.flatMap(({ touched }) => touched ?? []);
    assert.deepEqual(
      touched.map(({ key, scope }) => scope ?? key),
      Array.from({ length: 30 }, (_, round) => [`f${round}`, `user:${round}`]).flat(),
    );
    assert.equal((await reader.read()).version, before + 30);
  });

  check("notices: a read after one gives at least what it tells of", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open()];
    const found: (readonly [told: number, read: number])[] = [];
    await listening(reader);
    reader.watch?.({
      onChange: async (_, notice) => {
        const told = notice?.version ?? 0;
        found.push([told, (await reader.read()).version]);
      },
      onError: () => {},
    });
    const { version } = await writer.write([flag("a", {})], by());
    for (let round = 1; round <= 20; round++) await writer.write([flag("a", {})], by(round));
    await until("all is read", () => found.some(([told]) => told === version + 20));
    await until("it is read", () => found.some(([, read]) => read === version + 20));
    for (const [told, read] of found) assert.ok(read >= told, `${read} after ${told}`);
  });

  check("notices: what nobody told of is found by looking", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open({ push: false, pollInterval: 20 })];
    const heard = await listening(reader);
    const { version } = await writer.write([flag("a", {}), group("g", "ann")], by());
    await until("it is found", () => heard.versions().includes(version));
    const { touched } = heard.notices.find((notice) => notice.version === version) ?? {};
    assert.deepEqual(touched, [
      { what: "flag", key: "a", scope: undefined },
      { what: "group", key: "g", scope: "ann" },
    ]);
  });

  check("notices: of more than can be told one by one, that anything may be new", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open({ push: false, pollInterval: 400 })];
    const heard = await listening(reader);
    let version = 0;
    for (let round = 0; round < 3; round++) {
      const changes = Array.from({ length: 600 }, (_, index) => group(`g${round}`, `u${index}`));
      ({ version } = await writer.write(changes, by(round)));
    }
    await until("it is found", () => heard.versions().includes(version));
    const told = heard.notices.flatMap(({ touched }) =>
      touched === undefined ? [1e4] : [touched.length],
    );
    assert.ok(told.reduce((sum, count) => sum + count) >= 1800, `${told}`);
  });

  check("notices: a store that lost everything is a fault, and never handed out", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open({ pollInterval: 20 })];
    const heard = await listening(reader);
    await writer.write([flag("a", {}), override("a", "user:ann", { value: true })], by());
    await writer.write([flag("b", {})], by(1));
    await reader.read();
    if (!(await bench.lose())) return;
    await until("it is told", () => heard.errors.length > 0);
    const [error] = heard.errors;
    assert.ok(error instanceof HalyardError);
    assert.equal(error.code, "STORE_READ_FAILED");
    await rejects(reader.read(), "STORE_READ_FAILED");
    const query = { scopes: ["user:ann"], user: "ann" };
    await rejects(reader.readSubject(query), "STORE_READ_FAILED");
    await rejects(writer.write([flag("c", {})], by(2)), "STORE_WRITE_FAILED");

    // A process that has seen nothing begins anew; those that have seen more stay with that.
    const newcomer = bench.open();
    await newcomer.write([flag("new", {})], by(3));
    assert.deepEqual(Object.keys(entries(await newcomer.read())), ["new"]);
    await rejects(reader.read(), "STORE_READ_FAILED");
    await rejects(writer.write([flag("c", {})], by(4)), "STORE_WRITE_FAILED");
  });

  check("notices: two listeners of one store, whenever they come", async (bench) => {
    const [writer, reader] = [bench.open(), bench.open()];
    const first = await listening(reader);
    await writer.write([flag("a", {})], by());
    const second = listen(reader);
    const { version } = await writer.write([flag("b", {})], by(1));
    await until(
      "both know",
      () => first.versions().includes(version) && second.versions().includes(version),
    );
  });
}
