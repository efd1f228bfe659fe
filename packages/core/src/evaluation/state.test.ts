import { expect, it } from "vitest";
import { loadDocument } from "../definition/load.ts";
import type { JsonValue } from "../json.ts";
import type { Layer } from "../overrides/layers.ts";
import { type Override, stateOf } from "../overrides/override.ts";
import { OverrideSet } from "../overrides/override-set.ts";
import { parseScopeKey } from "../overrides/scope.ts";
import { compileSnapshot } from "../snapshot.ts";
import { runToEnd } from "../steps.ts";
import { EvaluationState } from "./state.ts";

const compiled = runToEnd(compileSnapshot(loadDocument({ flags: { plain: "defined" } })));

const actor = { id: "test", type: "service" };

function override(flagKey: string, scope: string, value: JsonValue, expiresAt?: number): Override {
  const parsed = parseScopeKey(scope);
  const [layer, state] = [parsed.kind as Layer, stateOf(value)];
  const times = { createdAt: 0, updatedAt: 0, expiresAt, version: 1 };
  const authors = { reason: undefined, actor, createdBy: actor };
  return { flagKey, layer, scope: parsed, state, value, ...times, ...authors };
}

/** Overrides for everybody, and those of one subject. */
function stateWith(wide: readonly Override[], own: readonly Override[]): EvaluationState {
  const set = (list: readonly Override[]) =>
    list.length === 0 ? undefined : new OverrideSet(list, (key) => compiled.flags.get(key)?.flag);
  const snapshot = { ...compiled, clock: () => 100, overrides: set(wide) };
  return new EvaluationState(snapshot, {}, set(own));
}

const SYSTEM = override("plain", "system", "for all");
const LOCAL: Override = { ...SYSTEM, layer: "local", value: "local" };
const USER = override("plain", "user:ann", "for ann");

it("serves the higher one of an override for everybody and one of the subject", () => {
  const served = (wide: Override[], own: Override[]) => {
    const state = stateWith(wide, own);
    const flag = compiled.flags.get("plain");
    const found = state.findOverride("plain")?.value;
    const resolved = flag && state.resolve(flag).value;
    return [found, resolved, state.isOverridden];
  };
  expect(served([], [])).toEqual([undefined, "defined", false]);
  expect(served([SYSTEM], [])).toEqual(["for all", "for all", true]);
  expect(served([], [USER])).toEqual(["for ann", "for ann", true]);
  expect(served([SYSTEM], [USER])).toEqual(["for ann", "for ann", true]);
  expect(served([LOCAL], [USER])).toEqual(["local", "local", true]);
});

it("explains both together: one is served, and the rest is lower", () => {
  const explained = (wide: Override[], own: Override[]) =>
    stateWith(wide, own)
      .explainOverrides("plain")
      .map(({ layer, outcome }) => `${layer} ${outcome}`);
  expect(explained([], [])).toEqual([]);
  expect(explained([SYSTEM], [USER])).toEqual(["user served", "system lower"]);
  expect(explained([LOCAL, SYSTEM], [USER])).toEqual([
    "local served",
    "user lower",
    "system lower",
  ]);
  expect(explained([SYSTEM], [{ ...USER, expiresAt: 100 }])).toEqual([
    "user expired",
    "system served",
  ]);
});

it("names the keys that are overridden and not defined, once each, while they are", () => {
  const own = [
    override("mine", "user:ann", 1),
    override("both", "user:ann", 1),
    override("gone", "user:ann", 1, 100),
    USER,
  ];
  const state = stateWith([override("both", "system", 2), override("all", "system", 2)], own);
  expect(state.undefinedOverrides()).toEqual(["both", "all", "mine"]);
  expect(stateWith([], []).undefinedOverrides()).toEqual([]);
});
