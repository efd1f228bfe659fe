import { describe, expect, it } from "vitest";
import {
  HalyardError,
  type LoadResult,
  loadDefinitions,
  runToEnd,
  type Snapshot,
} from "../../packages/core/src/index.ts";
import { clientOf, regexEngine, snapshotOf } from "../property/harness.ts";
import { conformanceCases, type Group } from "./cases.ts";
import { comparedOf, expectedOf, readCase } from "./read-case.ts";

for (const { topic, groups } of conformanceCases()) {
  describe(topic, () => {
    for (const group of groups) describe(group.description, () => runGroup(group));
  });
}

// Each test loads its document anew, so that what a test covers is all that its answer comes from.
function runGroup(group: Group): void {
  if (group.problems !== undefined) {
    it("is refused", () => {
      expect(pathsOf(load(group).problems)).toEqual([...(group.problems ?? [])].sort());
    });
    return;
  }
  if (group.warnings !== undefined) {
    it("warns", () => {
      expect(pathsOf(load(group).warnings)).toEqual([...(group.warnings ?? [])].sort());
    });
  }
  it("comes to a form that loads as it stands", () => {
    const { set } = load(group);
    const document = asJson({
      flags: Object.fromEntries(set?.flags ?? []),
      segments: Object.fromEntries(set?.segments ?? []),
      aliases: Object.fromEntries(set?.aliases ?? []),
    });
    const again = load({ description: "", document });
    expect(again.problems).toEqual([]);
    expect(asJson(Object.fromEntries(again.set?.flags ?? []))).toEqual(document.flags);
    expect(asJson(Object.fromEntries(again.set?.segments ?? []))).toEqual(document.segments);
  });
  for (const [index, each] of (group.cases ?? []).entries()) {
    it(
      each.description ?? `case ${index}: ${each.flag} ${JSON.stringify(each.context ?? {})}`,
      () => {
        const { set, problems } = load(group);
        if (set === undefined)
          throw new HalyardError("INVALID_DEFINITIONS", JSON.stringify(problems));
        const conditions = conditionsOf(group);
        const snapshot: Snapshot = { ...snapshotOf(set, conditions), stale: group.stale === true };
        const client = clientOf(snapshot, each.context, group.defaultEnabled);
        const wanted = expectedOf(each);
        expect(comparedOf(readCase(client, each), wanted)).toEqual(wanted);
      },
    );
  }
}

function load({ document, section, delimiter }: Group): LoadResult {
  const documents = [{ name: "cases", document, section, delimiter }];
  return runToEnd(loadDefinitions([{ source: "cases", documents }], { regexEngine }));
}

function conditionsOf({ environment, now = "2026-01-01", overrides = [] }: Group) {
  return {
    environment,
    now: Date.parse(now),
    overrides: overrides.map(({ flag, layer, value, expiresAt }) => ({
      flagKey: flag,
      layer,
      value,
      expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    })),
  };
}

function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function pathsOf(problems: readonly { readonly path: string }[]): string[] {
  return problems.map(({ path }) => path).sort();
}
