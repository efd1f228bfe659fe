import { formatProblem, type LoadReport, type Snapshot } from "@halyard/core";
import type { Log } from "./log.ts";

export const NO_REPORT: LoadReport = { warnings: [], owners: new Map(), shadowed: [] };

/** What is legal and probably not meant. */
export function logReport(log: Log, { warnings, shadowed }: LoadReport): void {
  for (const warning of warnings) log.warn(formatProblem(warning));
  for (const { key, source, by } of shadowed) {
    log.warn(`Flag "${key}" of ${source} is not heard: ${by} defines it too and comes first.`);
  }
}

/** Flags that were added, removed, or whose definition is another. */
export function* changedKeys(before: Snapshot, after: Snapshot): Generator<void, string[], void> {
  const changed: string[] = [];
  for (const [key, { flag }] of after.flags) {
    const old = before.flags.get(key)?.flag;
    if (old === flag) continue;
    if (JSON.stringify(old) !== JSON.stringify(flag)) changed.push(key);
    yield;
  }
  for (const key of before.flags.keys()) if (!after.flags.has(key)) changed.push(key);
  return changed;
}

/** How many keys a log line names. */
const NAMED = 10;

export function describeReload(
  files: readonly string[],
  changed: readonly string[],
  total: number,
): string {
  const more = changed.length > NAMED ? `, and ${changed.length - NAMED} more` : "";
  const names = changed.length === 0 ? "no flag" : `${changed.slice(0, NAMED).join(", ")}${more}`;
  return `Reloaded ${files.join(", ")}: ${names} changed, ${total} flags loaded.`;
}
