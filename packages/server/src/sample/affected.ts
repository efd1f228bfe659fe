import type { Snapshot, StoreChange } from "@halyard/core";
import { allMentions } from "./mentions.ts";

/**
 * Flags that changes may give other values: those that are changed or overridden, those that name
 * a segment which is, and those that need any of them. Some may turn out to give what they gave.
 */
export function* affectedFlags(
  before: Snapshot,
  after: Snapshot,
  changes: readonly StoreChange[],
): Generator<void, ReadonlySet<string>, void> {
  const affected = new Set<string>();
  for (const change of changes) if (change.what === "override") affected.add(change.flagKey);
  const segments = different(before.segments, after.segments);
  const joins = changes.some(({ what }) => what === "group");
  const definition = (snapshot: Snapshot, key: string) => snapshot.flags.get(key)?.flag;
  for (const key of new Set([...before.flags.keys(), ...after.flags.keys()])) {
    yield;
    const [old, flag] = [definition(before, key), definition(after, key)];
    if (old !== flag) affected.add(key);
    if (flag === undefined || (segments.size === 0 && !joins)) continue;
    const mentions = allMentions(flag, after);
    if (joins && mentions.attributes.has("groups")) affected.add(key);
    if ([...mentions.segments].some((name) => segments.has(name))) affected.add(key);
  }
  yield* addDependents(affected, [before, after]);
  return affected;
}

function different<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): ReadonlySet<string> {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((key) => before.get(key) !== after.get(key)));
}

function* addDependents(
  keys: Set<string>,
  snapshots: readonly Snapshot[],
): Generator<void, void, void> {
  const dependents = new Map<string, string[]>();
  for (const { flags } of snapshots) {
    for (const [key, { flag }] of flags) {
      yield;
      for (const { flag: needed } of flag.prerequisites ?? []) {
        const known = dependents.get(needed);
        if (known === undefined) dependents.set(needed, [key]);
        else known.push(key);
      }
    }
  }
  // What is added while it is gone through is gone through, too.
  for (const key of keys) for (const dependent of dependents.get(key) ?? []) keys.add(dependent);
}
