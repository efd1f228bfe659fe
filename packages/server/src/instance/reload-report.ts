import {
  type Flag,
  formatProblem,
  type JsonValue,
  jsonEqual,
  type LoadReport,
  type Snapshot,
} from "@halyard/core";
import type { Log } from "./log.ts";

export const NO_REPORT: LoadReport = {
  warnings: [],
  owners: new Map(),
  segmentOwners: new Map(),
  shadowed: [],
};

/** Logs what is legal and probably not meant, once for as long as it is so. */
export class ReportLog {
  readonly #log: Log;
  #told: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  log({ warnings, shadowed }: LoadReport): void {
    const lines = new Set([
      ...warnings.map(formatProblem),
      ...shadowed.map(
        ({ key, source, by }) =>
          `Flag "${key}" of ${source} is not heard: ${by} defines it too and comes first.`,
      ),
    ]);
    for (const line of lines) if (!this.#told.has(line)) this.#log.warn(line);
    this.#told = lines;
  }
}

/** Flags that were added, removed, or whose definition is another. */
export function* changedKeys(before: Snapshot, after: Snapshot): Generator<void, string[], void> {
  const changed: string[] = [];
  for (const [key, { flag }] of after.flags) {
    const old = before.flags.get(key)?.flag;
    if (old === flag) continue;
    if (old === undefined || !jsonEqual(content(old), content(flag))) changed.push(key);
    yield;
  }
  for (const key of before.flags.keys()) if (!after.flags.has(key)) changed.push(key);
  return changed;
}

/** Checked definitions are JSON, but for the fields that are absent. */
function content(flag: Flag): JsonValue {
  return flag as unknown as JsonValue;
}

/** How many keys a log line names. */
const NAMED = 10;

export function describeReload(
  files: readonly string[],
  changed: readonly string[],
  total: number,
): string {
  const read = files.join(", ");
  // An override that was written, for instance.
  if (changed.length === 0)
    return `Read ${read}: no definition is different, ${total} flags loaded.`;
  const more = changed.length > NAMED ? `, and ${changed.length - NAMED} more` : "";
  const names = `${changed.slice(0, NAMED).join(", ")}${more}`;
  return `Reloaded ${read}: ${names} changed, ${total} flags loaded.`;
}
