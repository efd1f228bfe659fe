/** Something wrong, or doubtful, in a definition document. */
export interface Problem {
  /** JSON Pointer (RFC 6901) of the offending value as written; of its parent when it is missing. */
  readonly path: string;
  /** What is wrong and what is expected, without the path. */
  readonly message: string;
  /** Name of the file or source the document came from. */
  readonly source?: string;
  /** 1-based position in that file, where known. */
  readonly line?: number;
  readonly column?: number;
  /** A name is mentioned that nothing defines: more definitions may mend it. */
  readonly unresolved?: true;
}

/**
 * A place in a document. Linked to its parent instead of holding a string, so that walking a
 * document that has no problems formats no paths.
 */
export interface Place {
  readonly parent: Place | undefined;
  readonly key: string | number;
}

export function at(parent: Place | undefined, key: string | number): Place {
  return { parent, key };
}

/** The JSON Pointer of a place; the document itself is `""`. */
function pointer(place: Place | undefined): string {
  let path = "";
  for (let step = place; step !== undefined; step = step.parent) {
    path = `/${String(step.key).replaceAll("~", "~0").replaceAll("/", "~1")}${path}`;
  }
  return path;
}

/** Collects what a load finds. Errors reject the document, warnings do not. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #source: string | undefined;

  constructor(source?: string) {
    this.#source = source;
  }

  problem(place: Place | undefined, message: string): undefined {
    this.problems.push(this.#finding(place, message));
  }

  /** A name that nothing defines. */
  unresolved(place: Place | undefined, message: string): undefined {
    this.problems.push({ ...this.#finding(place, message), unresolved: true });
  }

  warn(place: Place | undefined, message: string): void {
    this.warnings.push(this.#finding(place, message));
  }

  #finding(place: Place | undefined, whole: string): Problem {
    const path = pointer(place);
    const message = shorten(whole, MAX_MESSAGE);
    return this.#source === undefined ? { path, message } : { path, message, source: this.#source };
  }
}

/** Characters. Names come from the document, and may be as long as that. */
const MAX_MESSAGE = 1000;

/** Characters of a path in a line; the problem has it whole. */
const MAX_PATH = 500;

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** One line per problem: `features.yaml:12:5 /flags/beta/type: …`. */
export function formatProblem(problem: Problem): string {
  const { source, line, column, path, message } = problem;
  const position = line === undefined ? "" : `:${line}${column === undefined ? "" : `:${column}`}`;
  const where = [source === undefined ? "" : `${source}${position}`, shorten(path, MAX_PATH)]
    .filter(Boolean)
    .join(" ");
  return where === "" ? message : `${where}: ${message}`;
}
