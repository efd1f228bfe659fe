import {
  type CompileOptions,
  compileSnapshot,
  invalidDefinitions,
  type LoadReport,
  type LoadResult,
  loadDefinitions,
  type ParseCache,
  runToEnd,
  type Snapshot,
  type SourceDocuments,
} from "@halyard/core";
import { runSliced } from "./run-sliced.ts";

/** Definitions that can serve, and what was found out about them. */
export interface Loaded {
  readonly snapshot: Snapshot;
  readonly report: LoadReport;
}

type Options = Omit<CompileOptions, "previous" | "version">;

/** Checks and compiles the sources' documents; keeps what has not changed since it last did. */
export class Loader {
  readonly #options: Options;
  readonly #cache: ParseCache = new WeakMap();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Rejects with `INVALID_DEFINITIONS`. Lets the event loop in while it works. */
  async load(inputs: readonly SourceDocuments[], previous: Snapshot): Promise<Loaded> {
    const result = await this.check(inputs);
    const compiled = compileSnapshot(result.set, this.#compileOptions(previous));
    return { snapshot: await runSliced(compiled), report: result };
  }

  /** Whether the documents can be loaded. Rejects with `INVALID_DEFINITIONS`. */
  async check(inputs: readonly SourceDocuments[]): Promise<Valid> {
    return valid(await this.examine(inputs));
  }

  /** What the documents come to, with all that is wrong with them. */
  examine(inputs: readonly SourceDocuments[]): Promise<LoadResult> {
    return runSliced(loadDefinitions(inputs, this.#parseOptions()));
  }

  /**
   * Loads at once. Throws `INVALID_DEFINITIONS`. Where more documents are to follow, gives
   * `undefined` when nothing is wrong except that names are mentioned which those may define.
   */
  loadNow(
    inputs: readonly SourceDocuments[],
    previous: Snapshot,
    moreFollow: boolean,
  ): Loaded | undefined {
    const result = runToEnd(loadDefinitions(inputs, this.#parseOptions()));
    const wrong = result.problems.filter(({ unresolved }) => unresolved !== true);
    if (moreFollow && result.set === undefined && wrong.length === 0) return undefined;
    const { set } = valid(result);
    const snapshot = runToEnd(compileSnapshot(set, this.#compileOptions(previous)));
    return { snapshot, report: result };
  }

  #parseOptions() {
    return { regexEngine: this.#options.regexEngine, cache: this.#cache };
  }

  #compileOptions(previous: Snapshot): CompileOptions {
    return { ...this.#options, previous: previous.ready ? previous : undefined };
  }
}

type Valid = Extract<LoadResult, { set: object }>;

function valid(result: LoadResult): Valid {
  if (result.set === undefined) throw invalidDefinitions(result.problems);
  return result;
}
