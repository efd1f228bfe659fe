import { describe, expect, it } from "vitest";
import type { LazyContext } from "../../packages/core/src/index.ts";
import type { Scene } from "./generate/document.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";
import { TIMEOUT } from "./runs.ts";
import { checkScenes } from "./scenes.ts";

describe("attributesOf", () => {
  it("names everything that a read looks at", () => checkScenes(checkAll, 0.3), TIMEOUT);
});

function checkAll(scene: Scene): void {
  const snapshot = snapshotOf(load(scene.document), scene);
  for (const context of scene.contexts) {
    for (const key of scene.keys) {
      const { asked, watched } = watch(context as Record<string, unknown> | undefined);
      const client = clientOf(snapshot, watched);
      client.details(key);
      const named = client.attributesOf(key);
      // Of a path, its first step is asked for, too.
      const allowed = new Set(named.flatMap((path) => [path, path.split(".", 1)[0] as string]));
      expect(
        [...asked].filter((name) => !allowed.has(name)),
        key,
      ).toEqual([]);
    }
  }
}

function watch(context: Record<string, unknown> = {}): {
  asked: Set<string>;
  watched: LazyContext;
} {
  const asked = new Set<string>();
  const attribute = (name: string): unknown => {
    asked.add(name);
    return Object.hasOwn(context, name) ? context[name] : undefined;
  };
  return { asked, watched: { attribute, toJSON: () => context } };
}
