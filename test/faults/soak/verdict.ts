import { type Measure, openIn } from "../server/messages.ts";

/** Bytes by which a plateau may be higher than one before it, and a share of that one. */
const HEAP_SLACK = 8_000_000;
const HEAP_SHARE = 1.2;

/** Descriptors and handles that may be there for a moment. */
const COUNT_SLACK = 4;

/** What the process kept more and more of, from an early plateau to a late one. */
export function whatGrew(measures: readonly Measure[]): string[] {
  // The first are warming up: code is compiled, caches fill.
  const third = Math.floor(measures.length / 3);
  const early = measures.slice(third, 2 * third);
  const late = measures.slice(-third);
  const problems: string[] = [];
  const compare = (what: string, of: (measure: Measure) => number, most: (n: number) => number) => {
    const [before, after] = [Math.min(...early.map(of)), Math.min(...late.map(of))];
    if (after > most(before)) problems.push(`${what} grew from ${before} to ${after}`);
  };
  compare(
    "the heap",
    ({ heap }) => heap,
    (heap) => heap * HEAP_SHARE + HEAP_SLACK,
  );
  const countSlack = (count: number) => count + COUNT_SLACK;
  compare("descriptors", ({ descriptors }) => descriptors, countSlack);
  for (const kind of kindsOf(late.map(({ resources }) => resources))) {
    compare(`handles ${kind}`, ({ resources }) => resources[kind] ?? 0, countSlack);
  }
  for (const event of kindsOf(late.map(({ listeners }) => listeners))) {
    compare(
      `listeners of ${event}`,
      ({ listeners }) => listeners[event] ?? 0,
      (count) => count,
    );
  }
  const warnings = measures.at(-1)?.warnings ?? [];
  if (warnings.length > 0) problems.push(`there were warnings: ${warnings.join(", ")}`);
  return problems;
}

/** What a process kept after all in it was closed. */
export function whatIsLeft(measure: Measure, code: number | null): string[] {
  const problems = openIn(measure).map(
    ([kind, count]) => `after close there are ${count} of ${kind}`,
  );
  if (code !== 0) problems.push(`the process ended with ${code}, not by itself`);
  return problems;
}

function kindsOf(counts: readonly Readonly<Record<string, number>>[]): ReadonlySet<string> {
  return new Set(counts.flatMap((count) => Object.keys(count)));
}
