import { MAX_DEPTH } from "../json.ts";
import { type Condition, type Flag, variantsOf } from "./flag.ts";
import type { Parsed, Reference } from "./parse-context.ts";
import type { ParsedDocument } from "./parse-document.ts";
import type { Findings } from "./problems.ts";
import { variantIndex } from "./variant-index.ts";

/** A parsed thing that won its key, with the findings of the document it came from. */
export interface Winner<T> {
  readonly parsed: Parsed<T>;
  readonly document: ParsedDocument;
}

export interface WinnerSet {
  readonly flags: ReadonlyMap<string, Winner<Flag>>;
  /** Those of the flags that name others, or segments: mostly few. */
  readonly naming: ReadonlyMap<string, Winner<Flag>>;
  readonly segments: ReadonlyMap<string, Winner<Condition>>;
  readonly aliases: ReadonlyMap<string, { reference: Reference; document: ParsedDocument }>;
}

/**
 * Checks everything that names something else, over the whole set, in steps. Returns the aliases
 * with their chains resolved.
 */
export function* checkReferences(winners: WinnerSet): Generator<void, Map<string, string>, void> {
  const { flags, naming, segments } = winners;
  yield* checkSegments(naming, segments);
  yield* checkSegments(segments, segments);
  yield* checkCycles("segments", segments, segments, (parsed) => parsed.segments);
  for (const winner of naming.values()) {
    checkPrerequisites(winner, flags);
    yield;
  }
  yield* checkCycles("prerequisites", naming, flags, (parsed) => parsed.prerequisites);
  return yield* resolveAliases(winners);
}

function* checkSegments<T>(
  winners: ReadonlyMap<string, Winner<T>>,
  segments: WinnerSet["segments"],
): Generator<void, void, void> {
  for (const { parsed, document } of winners.values()) {
    for (const { name, place } of parsed.segments) {
      if (!segments.has(name)) document.findings.unresolved(place, `there is no segment "${name}"`);
    }
    yield;
  }
}

function checkPrerequisites(winner: Winner<Flag>, flags: WinnerSet["flags"]): void {
  const { findings } = winner.document;
  for (const reference of winner.parsed.prerequisites) {
    const other = flags.get(reference.name);
    if (other === undefined) {
      findings.unresolved(reference.place, `there is no flag "${reference.name}"`);
      continue;
    }
    const flag = other.parsed.value;
    // It has problems of its own, and its variants are not known.
    if (flag === undefined) continue;
    const { variant: wanted, variantPlace } = reference;
    const variants = variantsOf(flag);
    const index = typeof wanted === "number" ? wanted : variantIndex(variants, wanted);
    const variant = variants[index];
    if (variant === undefined) {
      const names = variants.map(({ name }) => name).join(", ");
      findings.problem(
        variantPlace,
        `flag "${reference.name}" has no variant ${wanted}; it has ${names || "none"}`,
      );
    } else if (typeof wanted === "number") {
      reference.prerequisite.variant = variant.name;
    }
  }
}

/** How many evaluations one flag, or one segment, may set off through those that it names. */
const MAX_EVALUATIONS = 10_000;

/** What evaluating a flag, or a segment, sets off: how many evaluations, on how many levels. */
interface Tree {
  readonly cost: number;
  readonly depth: number;
}

const NO_TREE: Tree = { cost: 0, depth: 0 };

/** Reports cycles, chains that are too deep, and trees that are too large. */
function* checkCycles<T>(
  what: "segments" | "prerequisites",
  roots: ReadonlyMap<string, Winner<T>>,
  winners: ReadonlyMap<string, Winner<T>>,
  referencesOf: (parsed: Parsed<T>) => readonly Reference[],
): Generator<void, void, void> {
  const trees = new Map<string, Tree>();
  const path: string[] = [];
  const visit = (key: string, findings: Findings, reference: Reference | undefined): Tree => {
    const known = trees.get(key);
    if (known !== undefined) return known;
    const winner = winners.get(key);
    if (winner === undefined) return NO_TREE;
    if (path.includes(key)) {
      const cycle = [...path.slice(path.indexOf(key)), key].join(" → ");
      findings.problem(reference?.place, `${what} go in a circle: ${cycle}`);
      return NO_TREE;
    }
    const tooDeep = `${what} nest deeper than ${MAX_DEPTH} levels`;
    if (path.length >= MAX_DEPTH) {
      findings.problem(reference?.place, tooDeep);
      return NO_TREE;
    }
    path.push(key);
    let cost = 1;
    let depth = 1;
    for (const inner of referencesOf(winner.parsed)) {
      const tree = visit(inner.name, winner.document.findings, inner);
      cost += tree.cost;
      // What was visited before, from elsewhere, may be as deep as is allowed.
      if (tree.depth < MAX_DEPTH) depth = Math.max(depth, 1 + tree.depth);
      else winner.document.findings.problem(inner.place, tooDeep);
    }
    path.pop();
    if (cost > MAX_EVALUATIONS) {
      const message = `sets off more than ${MAX_EVALUATIONS} evaluations through its ${what}`;
      winner.document.findings.problem(winner.parsed.place, message);
      cost = 1;
    }
    const tree = { cost, depth };
    trees.set(key, tree);
    return tree;
  };
  for (const [key, { parsed, document }] of roots) {
    if (referencesOf(parsed).length > 0) visit(key, document.findings, undefined);
    yield;
  }
}

function* resolveAliases({
  aliases,
  flags,
}: WinnerSet): Generator<void, Map<string, string>, void> {
  const resolved = new Map<string, string>();
  // Alias → why it leads to no flag. As with the resolved ones, a chain is walked only once.
  const broken = new Map<string, BrokenAlias>();
  for (const [alias, { reference, document }] of aliases) {
    yield;
    const { findings } = document;
    if (flags.has(alias)) {
      findings.problem(reference.place, `"${alias}" is a flag, so it can't be an alias`);
      continue;
    }
    const chain = new Set<string>();
    let at = alias;
    while (!flags.has(at) && !resolved.has(at) && !broken.has(at) && !chain.has(at)) {
      const next = aliases.get(at);
      if (next === undefined) break;
      chain.add(at);
      at = next.reference.name;
    }
    const flag = flags.has(at) ? at : resolved.get(at);
    const reason: BrokenAlias = chain.has(at)
      ? { message: circle(chain, at), kind: "problem" }
      : (broken.get(at) ?? { message: `there is no flag "${at}"`, kind: "unresolved" });
    for (const passed of chain) {
      if (flag === undefined) broken.set(passed, reason);
      else resolved.set(passed, flag);
    }
    if (flag === undefined) findings[reason.kind](reference.place, reason.message);
  }
  return resolved;
}

interface BrokenAlias {
  readonly message: string;
  readonly kind: "problem" | "unresolved";
}

/** How many names of a circle a message gives. */
const SHOWN = 10;

function circle(chain: ReadonlySet<string>, from: string): string {
  const names = [...chain];
  const round = names.slice(names.indexOf(from));
  const shown = round.length > SHOWN ? [...round.slice(0, SHOWN), "…"] : round;
  return `aliases go in a circle: ${[...shown, from].join(" → ")}`;
}
