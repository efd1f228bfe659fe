import { inspect, isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { Scene } from "./generate/document.ts";
import { buildRuleScene } from "./generate/rules.ts";
import { builtOfTwo } from "./generate/tape.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { definitionsOf, evaluate } from "./reference.ts";
import { CONTEXTS, parameters, TIMEOUT } from "./runs.ts";
import { checkScenes } from "./scenes.ts";

describe("evaluation", () => {
  it("gives what the reference interpreter gives", () => checkScenes(compareAll), TIMEOUT);

  it(
    "gives what the reference interpreter gives for long lists of rules",
    () => {
      const scenes = builtOfTwo(
        (tape, subjects) => buildRuleScene(tape, subjects, CONTEXTS),
        LONG_LISTS,
      );
      fc.assert(fc.property(scenes, compareAll), parameters(0.3));
    },
    TIMEOUT,
  );
});

/** Choices that fill the longest list of rules. */
const LONG_LISTS = 1500;

function compareAll(scene: Scene): void {
  const snapshot = snapshotOf(load(scene.document), scene);
  const world = { ...scene, definitions: definitionsOf(scene.document) };
  for (const context of scene.contexts) {
    const client = clientOf(snapshot, context);
    for (const key of scene.keys) {
      const actual = client.details(key, "fallback");
      const expected = evaluate(world, key, context, "fallback");
      const different = Object.keys(expected).filter((field) => {
        return !isDeepStrictEqual(Reflect.get(actual, field), Reflect.get(expected, field));
      });
      if (different.length === 0) continue;
      const [core, reference] = [actual, expected].map((side) => inspect(only(side, different)));
      throw new Error(`"${key}" for ${inspect(context)}:\ncore ${core}\nreference ${reference}`);
    }
  }
}

function only(from: object, fields: readonly string[]): object {
  return Object.fromEntries(fields.map((field) => [field, Reflect.get(from, field)]));
}
