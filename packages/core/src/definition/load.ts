import { HalyardError } from "../errors.ts";
import { copyPlain } from "../json.ts";
import type { DefinitionDocument } from "../ports.ts";
import { runToEnd } from "../steps.ts";
import type { DefinitionSet, LoadResult, Shadowed } from "./definition-set.ts";
import type { Condition, Flag } from "./flag.ts";
import type { Reference } from "./parse-context.ts";
import { type ParsedDocument, type ParseOptions, parseDocument } from "./parse-document.ts";
import { formatProblem, type Problem } from "./problems.ts";
import { checkReferences, type Winner } from "./references.ts";

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
  const flags = new Map<string, Winner<Flag>>();
  const segments = new Map<string, Winner<Condition>>();
  const aliases = new Map<string, { reference: Reference; document: ParsedDocument }>();
  const owners = new Map<string, string>();
  const shadowed: Shadowed[] = [];
  const documents: { parsed: ParsedDocument; input: DefinitionDocument }[] = [];
  for (const { source, documents: inputs } of sources) {
    const own: ParsedDocument[] = [];
    for (const input of inputs) {
      const parsed = yield* parseDocument(input, options);
      own.push(parsed);
      documents.push({ parsed, input });
    }
    // Within a source the last document wins, and whoever came first among the sources.
    const taken = new Set<string>();
    for (const document of own.reverse()) {
      for (const [key, parsed] of document.flags) {
        const by = owners.get(key);
        if (by === undefined) {
          flags.set(key, { parsed, document });
          owners.set(key, source);
        } else if (by !== source && !taken.has(key)) shadowed.push({ key, source, by });
        taken.add(key);
      }
      for (const [name, parsed] of document.segments) {
        if (!segments.has(name)) segments.set(name, { parsed, document });
      }
      for (const [alias, reference] of document.aliases) {
        if (!aliases.has(alias)) aliases.set(alias, { reference, document });
      }
    }
  }
  yield;
  const resolved = checkReferences({ flags, segments, aliases });
  yield;
  const report = {
    warnings: documents.flatMap(({ parsed, input }) => located(parsed.findings.warnings, input)),
    owners,
    shadowed,
  };
  const problems = documents.flatMap(({ parsed, input }) =>
    located(parsed.findings.problems, input),
  );
  if (problems.length > 0) return { ...report, set: undefined, problems };
  const set: DefinitionSet = {
    flags: valuesOf(flags),
    segments: valuesOf(segments),
    aliases: resolved,
  };
  return { ...report, set, problems: [] };
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

function valuesOf<T>(winners: ReadonlyMap<string, Winner<T>>): ReadonlyMap<string, T> {
  const values = new Map<string, T>();
  for (const [key, { parsed }] of winners) {
    if (parsed.value !== undefined) values.set(key, parsed.value);
  }
  return values;
}

/** More than this many positions are not looked up: each may parse the text again. */
const LOCATED = 100;

function located(problems: readonly Problem[], { locate }: DefinitionDocument): Problem[] {
  return problems.map((problem, index) => {
    const position = index < LOCATED ? locate?.(problem.path) : undefined;
    return position === undefined ? problem : { ...problem, ...position };
  });
}
