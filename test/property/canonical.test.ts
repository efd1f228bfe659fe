import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DefinitionSet } from "../../packages/core/src/index.ts";
import { buildScene, type Scene } from "./generate/document.ts";
import { builtOfTwo } from "./generate/tape.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { parameters, TIMEOUT } from "./runs.ts";

describe("the canonical form", () => {
  it(
    "loads again as itself, and evaluates the same",
    () => {
      fc.assert(
        fc.property(scenes(), (scene) => checkAgain(scene, asIs)),
        parameters(0.3),
      );
    },
    TIMEOUT,
  );

  it(
    "survives stores that keep JSON but lose the order of its keys",
    () => {
      fc.assert(
        fc.property(scenes(), (scene) => checkAgain(scene, reordered)),
        parameters(0.3),
      );
    },
    TIMEOUT,
  );
});

function scenes(): fc.Arbitrary<Scene> {
  return builtOfTwo((tape, subjects) => buildScene(tape, subjects, 4));
}

function checkAgain(scene: Scene, through: (value: unknown) => unknown): void {
  const set = load(scene.document);
  const again = load(through(documentOf(set)));
  expect(asIs(documentOf(again))).toEqual(asIs(documentOf(set)));
  const [first, second] = [set, again].map((each) => snapshotOf(each, scene));
  for (const context of scene.contexts) {
    const [before, after] = [first, second].map((each) => clientOf(each!, context));
    for (const key of scene.keys) expect(after?.details(key)).toEqual(before?.details(key));
  }
}

function documentOf({ flags, segments, aliases }: DefinitionSet): unknown {
  return {
    flags: Object.fromEntries(flags),
    segments: Object.fromEntries(segments),
    aliases: Object.fromEntries(aliases),
  };
}

function asIs(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Keys by length, then bytes, as PostgreSQL's jsonb gives them back. */
function reordered(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner);
    entries.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  });
}
