import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { murmur3 as hashOfCore } from "../../packages/core/src/index.ts";
import { clientOf, load, loadSection, snapshotOf } from "../property/harness.ts";
import { bucketOf, finalise, murmur3 } from "../property/reference.ts";
import { BUCKETS, EXAMPLES } from "./specification.ts";

// The parser that the server reads files with.
const requireOfServer = createRequire(
  new URL("../../packages/server/package.json", import.meta.url),
);
const yaml: { load: (text: string) => unknown } = requireOfServer("js-yaml");

describe.each(EXAMPLES)("the example of $name", ({ text, wrap, cases, section }) => {
  const fromYaml = wrap(yaml.load(text));
  const fromJson: unknown = JSON.parse(JSON.stringify(fromYaml));

  it.each(cases)("%s for %j at %s is %j", (key, context, now, expected) => {
    for (const document of [fromYaml, fromJson]) {
      const set = section === undefined ? load(document) : loadSection(document, section);
      const snapshot = snapshotOf(set, { now: Date.parse(now), environment: "production" });
      expect(clientOf(snapshot, context).details(key)).toMatchObject(expected);
    }
  });

  it("loads again from its canonical form", () => {
    const { flags, segments } =
      section === undefined ? load(fromYaml) : loadSection(fromYaml, section);
    const again = { flags: Object.fromEntries(flags), segments: Object.fromEntries(segments) };
    expect(Object.fromEntries(load(again).flags)).toEqual(again.flags);
  });
});

describe("bucketing", () => {
  it.each(BUCKETS)("%s for %s", (salt, unit, ofSalt, ofUnit, mixed, bucket) => {
    expect([murmur3(salt), murmur3(unit)]).toEqual([ofSalt, ofUnit]);
    expect([hashOfCore(salt) >>> 0, hashOfCore(unit) >>> 0]).toEqual([ofSalt, ofUnit]);
    expect(finalise(ofUnit ^ ofSalt)).toBe(mixed);
    expect(bucketOf(salt, unit)).toBe(bucket);
    for (const [weight, on] of [
      [bucket, false],
      [bucket + 1, true],
    ] as const) {
      const rollout = { salt, unit: 100_000, weights: { on: weight } };
      const snapshot = snapshotOf(load({ flags: { f: { fallthrough: { rollout } } } }), { now: 0 });
      expect(clientOf(snapshot, { targetingKey: unit }).enabled("f")).toBe(on);
    }
  });
});
