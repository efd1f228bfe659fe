import { MAX_DEPTH } from "../json.ts";
import type { Condition, Flag } from "./flag.ts";
import type { Reference } from "./parse-context.ts";
import type { Parsed, ParsedDocument } from "./parse-document.ts";
import type { Findings } from "./problems.ts";

/** A parsed thing that won its key, with the findings of the document it came from. */
export interface Winner<T> {
  readonly parsed: Parsed<T>;
  readonly document: ParsedDocument;
}

export interface WinnerSet {
  readonly flags: ReadonlyMap<string, Winner<Flag>>;
  readonly segments: ReadonlyMap<string, Winner<Condition>>;
  readonly aliases: ReadonlyMap<string, { reference: Reference; document: ParsedDocument }>;
}

/**
 * Checks everything that names something else, over the whole set. Returns the aliases with
 * their chains resolved.
 */
export function checkReferences(winners: WinnerSet): Map<string, string> {
  for (const winner of [...winners.flags.values(), ...winners.segments.values()]) {
    for (const { name, place } of winner.parsed.segments) {
      if (winners.segments.has(name)) continue;
      winner.document.findings.problem(place, `there is no segment "${name}"`);
    }
  }
  checkCycles("segments", winners.segments, (parsed) => parsed.segments);
  for (const winner of winners.flags.values()) checkPrerequisites(winner, winners.flags);
  checkCycles("prerequisites", winners.flags, (parsed) => parsed.prerequisites);
  return resolveAliases(winners);
}

function checkPrerequisites(winner: Winner<Flag>, flags: WinnerSet["flags"]): void {
  const { findings } = winner.document;
  for (const reference of winner.parsed.prerequisites) {
    const flag = flags.get(reference.name)?.parsed.value;
    if (flag === undefined) {
      findings.problem(reference.place, `there is no flag "${reference.name}"`);
      continue;
    }
    const { variant: wanted, variantPlace } = reference;
    const variant =
      typeof wanted === "number"
        ? flag.variants[wanted]
        : flag.variants.find(({ name }) => name === wanted);
    if (variant === undefined) {
      const names = flag.variants.map(({ name }) => name).join(", ");
      findings.problem(
        variantPlace,
        `flag "${reference.name}" has no variant ${wanted}; it has ${names}`,
      );
    } else if (typeof wanted === "number") {
      reference.prerequisite.variant = variant.name;
    }
  }
}

/** How many evaluations one flag, or one segment, may set off through those that it names. */
const MAX_EVALUATIONS = 10_000;

/** Reports cycles, chains that are too deep, and trees that are too large. */
function checkCycles<T>(
  what: "segments" | "prerequisites",
  winners: ReadonlyMap<string, Winner<T>>,
  referencesOf: (parsed: Parsed<T>) => readonly Reference[],
): void {
  const costs = new Map<string, number>();
  const path: string[] = [];
  const visit = (key: string, findings: Findings, reference: Reference | undefined): number => {
    const known = costs.get(key);
    if (known !== undefined) return known;
    const winner = winners.get(key);
    if (winner === undefined) return 0;
    if (path.includes(key)) {
      const cycle = [...path.slice(path.indexOf(key)), key].join(" → ");
      findings.problem(reference?.place, `${what} go in a circle: ${cycle}`);
      return 0;
    }
    if (path.length >= MAX_DEPTH) {
      findings.problem(reference?.place, `${what} nest deeper than ${MAX_DEPTH} levels`);
      return 0;
    }
    path.push(key);
    let cost = 1;
    for (const inner of referencesOf(winner.parsed)) {
      cost += visit(inner.name, winner.document.findings, inner);
    }
    path.pop();
    if (cost > MAX_EVALUATIONS) {
      const message = `sets off more than ${MAX_EVALUATIONS} evaluations through its ${what}`;
      winner.document.findings.problem(winner.parsed.place, message);
      cost = 1;
    }
    costs.set(key, cost);
    return cost;
  };
  for (const [key, winner] of winners) {
    if (referencesOf(winner.parsed).length > 0) visit(key, winner.document.findings, undefined);
  }
}

function resolveAliases({ aliases, flags }: WinnerSet): Map<string, string> {
  const resolved = new Map<string, string>();
  for (const [alias, { reference, document }] of aliases) {
    const { findings } = document;
    if (flags.has(alias)) {
      findings.problem(reference.place, `"${alias}" is a flag, so it can't be an alias`);
      continue;
    }
    const seen = new Set([alias]);
    let target = reference.name;
    while (!flags.has(target) && !seen.has(target)) {
      const next = aliases.get(target);
      if (next === undefined) break;
      seen.add(target);
      target = next.reference.name;
    }
    if (flags.has(target)) resolved.set(alias, target);
    else if (seen.has(target)) {
      findings.problem(reference.place, `aliases go in a circle: ${[...seen, target].join(" → ")}`);
    } else findings.problem(reference.place, `there is no flag "${target}"`);
  }
  return resolved;
}
