import { HalyardError } from "../errors.ts";
import { copyPlain } from "../json.ts";
import type { DefinitionDocument } from "../ports.ts";
import { runToEnd } from "../steps.ts";
import type { DefinitionSet, LoadResult, Shadowed } from "./definition-set.ts";
import type { Condition, Flag } from "./flag.ts";
import type { Reference } from "./parse-context.ts";
import { type ParsedDocument, type ParseOptions, parseDocument } from "./parse-document.ts";
import { formatProblem, type Problem } from "./problems.ts";
import { checkReferences, type Winner, type WinnerSet } from "./references.ts";

/** The documents of one source, in order: per key, the last one wins. */
export interface SourceDocuments {
  readonly source: string;
  readonly documents: readonly DefinitionDocument[];
}

/**
 * Loads definitions from sources, in order: per key, the first source wins. Everything is
 * checked and every problem found, in steps: yields after each flag, so that the caller decides
 * how long to go on without a pause.
 */
export function* loadDefinitions(
  sources: readonly SourceDocuments[],
  options: ParseOptions = {},
): Generator<void, LoadResult, void> {
  const merged = new Merged();
  const documents: { parsed: ParsedDocument; input: DefinitionDocument }[] = [];
  for (const { source, documents: inputs } of sources) {
    const own: ParsedDocument[] = [];
    for (const input of inputs) {
      const parsed = yield* parseDocument(input, options);
      own.push(parsed);
      documents.push({ parsed, input });
    }
    yield* merged.add(source, own);
  }
  const { flags, segments, owners, segmentOwners, shadowed } = merged;
  const aliases = yield* checkReferences(merged);
  // In one go: a source that reads its text again for positions keeps it until the next pause.
  const report = {
    warnings: documents.flatMap(({ parsed, input }) => located(parsed.findings.warnings, input)),
    owners,
    segmentOwners,
    shadowed,
  };
  const problems = documents.flatMap(({ parsed, input }) =>
    located(parsed.findings.problems, input),
  );
  if (problems.length > 0) return { ...report, set: undefined, problems };
  const set: DefinitionSet = {
    flags: yield* valuesOf(flags),
    segments: yield* valuesOf(segments),
    aliases,
  };
  return { ...report, set, problems: [] };
}

/** What the documents of all sources come to: per key, the winner. */
class Merged implements WinnerSet {
  readonly flags = new Map<string, Winner<Flag>>();
  readonly naming = new Map<string, Winner<Flag>>();
  readonly segments = new Map<string, Winner<Condition>>();
  readonly aliases = new Map<string, { reference: Reference; document: ParsedDocument }>();
  readonly owners = new Map<string, string>();
  readonly segmentOwners = new Map<string, string>();
  readonly shadowed: Shadowed[] = [];

  /** Within a source the last document wins, and whoever came first among the sources. */
  *add(source: string, documents: readonly ParsedDocument[]): Generator<void, void, void> {
    // Keys are reported once each; in one document they are there once each anyway.
    const taken = documents.length > 1 ? new Set<string>() : undefined;
    for (const document of documents.toReversed()) {
      for (const [key, parsed] of document.flags) {
        const by = this.owners.get(key);
        if (by === undefined) {
          const winner = { parsed, document };
          this.flags.set(key, winner);
          if (parsed.segments.length + parsed.prerequisites.length > 0) {
            this.naming.set(key, winner);
          }
          this.owners.set(key, source);
        } else if (by !== source && taken?.has(key) !== true) {
          this.shadowed.push({ key, source, by });
        }
        taken?.add(key);
        yield;
      }
      for (const [name, parsed] of document.segments) {
        if (!this.segments.has(name)) {
          this.segments.set(name, { parsed, document });
          this.segmentOwners.set(name, source);
        }
        yield;
      }
      for (const [alias, reference] of document.aliases) {
        if (!this.aliases.has(alias)) this.aliases.set(alias, { reference, document });
        yield;
      }
    }
  }
}

/** Loads one document at once; for tests and tools. Throws `INVALID_DEFINITIONS`. */
export function loadDocument(
  document: unknown,
  options: ParseOptions & Omit<DefinitionDocument, "document" | "name"> = {},
): DefinitionSet {
  const { regexEngine, cache, ...rest } = options;
  const documents = [{ ...rest, name: "definitions", document: copyPlain(document) }];
  const steps = loadDefinitions([{ source: "definitions", documents }], { regexEngine, cache });
  const result = runToEnd(steps);
  if (result.set === undefined) throw invalidDefinitions(result.problems);
  return result.set;
}

/** How many problems a message lists; the error carries all. */
const LISTED = 20;

/** The error that says everything that is wrong with the definitions. */
export function invalidDefinitions(problems: readonly Problem[]): HalyardError {
  const lines = problems.slice(0, LISTED).map((problem) => `\n  ${formatProblem(problem)}`);
  if (problems.length > LISTED) lines.push(`\n  … and ${problems.length - LISTED} more`);
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new HalyardError(
    "INVALID_DEFINITIONS",
    `The flag definitions have ${count} and were not loaded:${lines.join("")}`,
    { problems },
  );
}

function* valuesOf<T>(
  winners: ReadonlyMap<string, Winner<T>>,
): Generator<void, ReadonlyMap<string, T>, void> {
  const values = new Map<string, T>();
  for (const [key, { parsed }] of winners) {
    if (parsed.value !== undefined) values.set(key, parsed.value);
    yield;
  }
  return values;
}

/** More than this many positions are not looked up: each may parse the text again. */
const LOCATED = 100;

function located(problems: readonly Problem[], { locate }: DefinitionDocument): readonly Problem[] {
  if (locate === undefined) return problems;
  const first = problems.slice(0, LOCATED).map((problem) => {
    const position = locate(problem.path);
    return position === undefined ? problem : { ...problem, ...position };
  });
  return first.concat(problems.slice(LOCATED));
}
