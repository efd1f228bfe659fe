import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildScene, type Scene } from "./generate/document.ts";
import { built } from "./generate/tape.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { definitionsOf, evaluate, type Outcome } from "./reference.ts";
import { CONTEXTS, parameters } from "./runs.ts";

describe("evaluation", () => {
  it("gives what the reference interpreter gives", () => {
    const scenes = built((tape) => buildScene(tape, CONTEXTS));
    fc.assert(fc.property(scenes, compareAll), parameters());
  });
});

function compareAll(scene: Scene): void {
  const snapshot = snapshotOf(load(scene.document), scene);
  const world = { ...scene, definitions: definitionsOf(scene.document) };
  for (const context of scene.contexts) {
    const client = clientOf(snapshot, context);
    for (const key of scene.keys) {
      const actual = client.details(key, "fallback");
      const expected = evaluate(world, key, context, "fallback");
      if (same(actual, expected)) continue;
      expect({ key, context, ...picked(actual) }).toEqual({ key, context, ...expected });
    }
  }
}

function same(actual: object, expected: Outcome): boolean {
  return Object.entries(expected).every(([field, value]) => {
    const other = (actual as Record<string, unknown>)[field];
    return Object.is(other, value) || JSON.stringify(other) === JSON.stringify(value);
  });
}

function picked(details: object): Record<string, unknown> {
  const { version: _, errorMessage: __, ...rest } = details as Record<string, unknown>;
  return rest;
}
