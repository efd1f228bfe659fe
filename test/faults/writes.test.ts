import { describe, expect, it } from "vitest";
import { HalyardError, MemoryStore } from "../../packages/core/src/index.ts";
import { make } from "./support/instance.ts";
import { size } from "./support/size.ts";

const MANY = size(3_000, 100_000);
const DEEP = size(10_000, 100_000);

function nested(depth: number, wrap: (inner: unknown) => unknown, innermost: unknown): unknown {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

const cyclicMap: Record<string, unknown> = { type: "json" };
cyclicMap.default = cyclicMap;
const cyclicList: unknown[] = [];
cyclicList.push(cyclicList);
const range = (length: number) => Array.from({ length }, (_, index) => index);

/** Leaves out what says how often and when something was written. */
function timeless(name: string, value: unknown): unknown {
  return ["version", "createdAt", "updatedAt"].includes(name) ? undefined : value;
}

const HOSTILE: readonly (readonly [name: string, definition: unknown])[] = [
  ["a map that holds itself", cyclicMap],
  ["a list that holds itself", { default: cyclicList }],
  ["a condition that holds itself", { rules: [{ id: "r", when: cyclicMap }] }],
  ["deep lists", { default: nested(DEEP, (inner) => [inner], 1) }],
  ["deep maps", { default: nested(DEEP, (a) => ({ a }), 1) }],
  ["deep groups", nested(DEEP, (a) => ({ a }), true)],
  ["deep conditions", { rules: [{ id: "r", when: nested(DEEP, (not) => ({ not }), {}) }] }],
  ["a function", { default: () => true }],
  ["a symbol", { default: Symbol("x") }],
  ["a big integer", { default: 1n }],
  ["a date", { default: new Date(0) }],
  ["an instance of a class", { default: new (class Odd {})() }],
  ["not a number", { type: "number", default: Number.NaN }],
  ["a list", [true]],
  ["text", "on".repeat(1000)],
  ["a group", { nested: true, deeper: { still: false } }],
  ["a group named as a definition's field", { nested: { default: true } }],
  ["a prerequisite of itself", { prerequisites: [{ flag: "victim", variant: "on" }] }],
  ["very many wrong rules", { rules: range(MANY).map(() => ({ whenever: 1 })) }],
];

describe("a hostile definition is written whole or not at all", () => {
  it.each(HOSTILE)("%s", async (_, definition) => {
    const source = new MemoryStore({ flags: { good: 1, victim: true } });
    const { flags } = make({ sources: [source] });
    const state = () => JSON.stringify([flags.definitions.list(), flags.client().all()], timeless);
    const before = state();
    for (const key of ["victim", "fresh"]) {
      const writes = [
        () => flags.definitions.put(key, definition),
        () => flags.definitions.patch(key, definition),
      ];
      for (const write of writes) {
        const outcome = await write().catch((error: unknown) => error);
        if (!(outcome instanceof Error)) {
          expect(flags.definitions.get(key)).toEqual(outcome);
          await flags.definitions.delete("fresh");
          await flags.definitions.put("victim", true);
        } else {
          expect(outcome).toBeInstanceOf(HalyardError);
          const { code } = outcome as HalyardError;
          expect(["INVALID_DEFINITIONS", "FLAG_NOT_FOUND"]).toContain(code);
          if (code === "FLAG_NOT_FOUND") expect([key, write]).toEqual(["fresh", writes[1]]);
          expect(outcome.message.length).toBeLessThan(50_000);
        }
        expect(state()).toBe(before);
      }
    }
    expect(flags.health().status).toBe("healthy");
  });

  it("a key of megabytes is refused in a line", async () => {
    const { flags } = make({ sources: [new MemoryStore({ flags: {} })] });
    const key = "x".repeat(1_000_000);
    const error = await flags.definitions.put(key, true).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INVALID_KEY" });
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  it("what stands in a group or a list can be deleted by its key", async () => {
    const source = new MemoryStore({
      flags: { users: { signup: true } },
      feature_flags: [{ name: "l" }],
    });
    const { flags } = make({ sources: [source] });
    for (const key of ["users.signup", "l"]) {
      expect(flags.client().enabled(key)).toBe(true);
      expect(await flags.definitions.delete(key)).toBe(true);
      expect(flags.definitions.get(key)).toBeUndefined();
    }
  });
});
