import assert from "node:assert/strict";
import { type AssignmentStore, MAX_UNIT, type NewAssignment } from "@halyard/core";
import { createFlags } from "@halyard/server";
import type { TestFunctions } from "../store/bench.ts";
import type { AssignmentHarness, AssignmentPlace } from "./harness.ts";

/** Texts that break what is put together from texts. All different. */
const TEXTS = [
  "' OR '1'='1",
  "\\",
  "a:b",
  "a:b:c",
  "{a}",
  "}{",
  "*",
  "%",
  "$1",
  "=",
  "==",
  "0",
  "1",
  "__proto__",
  "constructor",
  "\n\r\t",
  " lead",
  "é",
  "e\u0301",
  "中文",
  "\u{1f468}\u200d\u{1f469}",
  "x".repeat(MAX_UNIT),
  "\u4e2d".repeat(MAX_UNIT),
];

/** One test's place; whatever it opens is closed with it. */
class Bench {
  readonly #place: AssignmentPlace;
  readonly #opened: AssignmentStore[] = [];

  constructor(place: AssignmentPlace) {
    this.#place = place;
  }

  open(): AssignmentStore {
    const store = this.#place.open();
    this.#opened.push(store);
    return store;
  }

  async end(): Promise<void> {
    for (const store of this.#opened) await store.close?.();
    await this.#place.remove();
  }
}

function assignment(unit: string, variant: string, more: Partial<NewAssignment> = {}) {
  return { unit, experiment: "checkout:checkout", variant, ...more };
}

async function read(
  store: AssignmentStore,
  units: readonly string[],
): Promise<Record<string, string>[]> {
  return (await store.load(units)).map((variants) => Object.fromEntries(variants));
}

/**
 * What every store of assignments must do alike. The test functions are passed in, so that this
 * runs under any runner: `assignmentSuite(harness, { describe, it })`.
 */
export function assignmentSuite(harness: AssignmentHarness, functions: TestFunctions): void {
  const check = (name: string, body: (bench: Bench) => Promise<void>): void =>
    functions.it(name, async () => {
      const bench = new Bench(await harness.create());
      try {
        await body(bench);
      } finally {
        await bench.end();
      }
    });
  functions.describe(`the suite of assignments on ${harness.name}`, () => {
    check("knows nothing of anybody to begin with, and gives a map for each", async (bench) => {
      const store = bench.open();
      assert.deepEqual(await read(store, ["ann", "bob", "ann"]), [{}, {}, {}]);
      assert.deepEqual(await store.load([]), []);
      assert.deepEqual(await store.assign([]), []);
    });

    check(
      "gives what was assigned, by unit and experiment, in the order of the units",
      async (bench) => {
        const store = bench.open();
        const standing = await store.assign([
          assignment("ann", "a"),
          assignment("bob", "b"),
          assignment("ann", "x", { experiment: "other:salt" }),
        ]);
        assert.deepEqual(standing, ["a", "b", "x"]);
        assert.deepEqual(await read(store, ["bob", "nobody", "ann"]), [
          { "checkout:checkout": "b" },
          {},
          { "checkout:checkout": "a", "other:salt": "x" },
        ]);
      },
    );

    check("the first assignment stands, and every other one is told so", async (bench) => {
      const [one, two] = [bench.open(), bench.open()];
      assert.deepEqual(await one.assign([assignment("ann", "a")]), ["a"]);
      assert.deepEqual(
        await two.assign([assignment("ann", "b"), assignment("bob", "b"), assignment("bob", "a")]),
        ["a", "b", "b"],
      );
      assert.deepEqual(await one.assign([assignment("bob", "a")]), ["b"]);
      assert.deepEqual(await read(one, ["ann", "bob"]), await read(two, ["ann", "bob"]));
    });

    check("of many at once one stands, and all are told the same", async (bench) => {
      const stores = Array.from({ length: 5 }, () => bench.open());
      const units = Array.from({ length: 50 }, (_, index) => `user-${index}`);
      const answers = await Promise.all(
        stores.map((store, index) =>
          store.assign(units.map((unit) => assignment(unit, `variant-${index}`))),
        ),
      );
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      const stored = (await read(stores[0] as AssignmentStore, units)).flatMap(Object.values);
      assert.deepEqual(stored, answers[0]);
    });

    check("replaces a variant that is gone, and no other", async (bench) => {
      const [one, two] = [bench.open(), bench.open()];
      await one.assign([assignment("ann", "old"), assignment("bob", "kept")]);
      const replace = (variant: string) => [
        assignment("ann", variant, { replaces: "old" }),
        assignment("bob", variant, { replaces: "old" }),
        assignment("new", variant, { replaces: "old" }),
      ];
      assert.deepEqual(await one.assign(replace("a")), ["a", "kept", "a"]);
      assert.deepEqual(await two.assign(replace("b")), ["a", "kept", "a"]);
      assert.deepEqual(await two.assign([assignment("ann", "c", { replaces: "" })]), ["a"]);
    });

    check("texts of any characters are kept apart and come back", async (bench) => {
      const store = bench.open();
      const all = TEXTS.map((text, index) => ({
        unit: text,
        experiment: TEXTS[(index + 1) % TEXTS.length] as string,
        variant: TEXTS[(index + 2) % TEXTS.length] as string,
      }));
      assert.deepEqual(
        await store.assign(all),
        all.map(({ variant }) => variant),
      );
      const found = await bench.open().load(TEXTS);
      for (const [index, { experiment, variant }] of all.entries()) {
        assert.deepEqual([...(found[index] ?? [])], [[experiment, variant]]);
      }
      const again = all.map((each) => ({ ...each, replaces: each.variant, variant: "new" }));
      assert.deepEqual(
        await store.assign(again),
        all.map(() => "new"),
      );
    });

    check("what was loaded does not change with the store", async (bench) => {
      const store = bench.open();
      const [before] = await store.load(["ann"]);
      await store.assign([assignment("ann", "a")]);
      assert.equal(before?.size, 0);
    });

    check(
      "an instance keeps its subjects where they are, and another one follows",
      async (bench) => {
        const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
        const serve = async (a: number): Promise<unknown[]> => {
          const rollout = { weights: { a, b: 100 - a }, experiment: true };
          const variants = { a: "a", b: "b" };
          const f = createFlags({
            environment: "test",
            sources: [{ flags: { checkout: { variants, fallthrough: { rollout } } } }],
            assignments: bench.open(),
            subjects: { deadline: 5000 },
          });
          const values: unknown[] = [];
          for (const targetingKey of users) {
            const client = f.client({ targetingKey });
            await client.ready();
            values.push(client.value("checkout" as never));
          }
          await f.close();
          return values;
        };
        const before = await serve(70);
        assert.equal(new Set(before).size, 2);
        assert.deepEqual(await serve(1), before);
      },
    );

    check("close: twice, also before anything else", async (bench) => {
      const store = bench.open();
      await store.close?.();
      await store.close?.();
    });
  });
}
