import { describe, expect, test } from "vitest";
import { share } from "./share.ts";
import { Assembly, slicesOf } from "./slices.ts";

describe("documents in slices", () => {
  test("arrive as they were, order and odd keys included", () => {
    const flags = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`f${i}`, { rules: [{ values: [i, "a", null] }] }]),
    );
    const odd = JSON.parse('{"__proto__": {"a": [1]}, "10": 1, "b": {}, "2": []}') as object;
    const list = Array.from({ length: 5000 }, (_, i) => ({ name: `n${i}`, enabled: i % 2 === 0 }));
    const document = {
      z: 1,
      flags,
      odd,
      feature_flags: list,
      deep: { deeper: { list } },
      end: NaN,
    };
    for (const value of [document, list, "text", null, 3, [], {}]) {
      const assembly = new Assembly(undefined);
      let count = 0;
      for (const slice of slicesOf(value)) {
        assembly.add(structuredClone(slice));
        count++;
      }
      expect(assembly.document).toEqual(value);
      expect(JSON.stringify(assembly.document)).toBe(JSON.stringify(value));
      if (value === document) expect(count).toBeGreaterThan(10);
    }
  });

  test("keep the objects of what has not changed", () => {
    const make = (serve: string): Record<string, object> =>
      Object.fromEntries(
        Array.from({ length: 3000 }, (_, i) => [`f${i}`, { serve: i === 7 ? serve : "on" }]),
      );
    const previous = { flags: make("on") };
    const assembly = new Assembly(previous);
    for (const slice of slicesOf({ flags: make("off") })) assembly.add(structuredClone(slice));
    const { flags } = assembly.document as typeof previous;
    expect(flags.f7).toEqual({ serve: "off" });
    expect(flags.f8).toBe(previous.flags.f8);
  });
});

describe("sharing with the previous document", () => {
  test("equal values keep their identity", () => {
    const previous = { a: { x: [1, { y: 2 }] }, b: { z: 1 } };
    expect(share(previous, structuredClone(previous))).toBe(previous);
    const next = share(previous, { a: { x: [1, { y: 2 }] }, b: { z: 2 } }) as typeof previous;
    expect(next).toEqual({ a: { x: [1, { y: 2 }] }, b: { z: 2 } });
    expect(next.a).toBe(previous.a);
  });

  test("the order of keys is a difference: that of variants decides ranges", () => {
    const previous = { variants: { a: 1, b: 2 } };
    const next = share(previous, { variants: { b: 2, a: 1 } }) as object;
    expect(JSON.stringify(next)).toBe('{"variants":{"b":2,"a":1}}');
  });

  test("fewer, more and other values", () => {
    const previous = { list: [1, 2, 3], map: { a: 1 }, kind: [1] };
    const next = { list: [1, 2], map: { a: 1, b: 2 }, kind: { 0: 1 } };
    expect(share(previous, structuredClone(next))).toEqual(next);
  });
});
