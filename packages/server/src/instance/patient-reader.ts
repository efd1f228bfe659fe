import { type DefinitionDocument, type DefinitionSource, HalyardError } from "@halyard/core";
import { readSource } from "./source-calls.ts";

/** Milliseconds. A source that takes longer to read holds others up no more. */
const PATIENCE = 10_000;

/** What became of a read in time; what comes of it later is told to `late`. */
export type Answer =
  | { readonly documents: readonly DefinitionDocument[] }
  | { readonly error: unknown };

/**
 * Reads of sources that may never answer. One that takes too long counts as failed and is not read
 * again until it has answered, which is then handed to `late`.
 */
export class PatientReader {
  readonly #hanging = new Set<DefinitionSource>();
  readonly #late: (source: DefinitionSource, answer: Answer) => void;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor(late: (source: DefinitionSource, answer: Answer) => void) {
    this.#late = late;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  isHanging(source: DefinitionSource): boolean {
    return this.#hanging.has(source);
  }

  /** Never rejects. */
  async read(source: DefinitionSource): Promise<Answer> {
    const answer: Promise<Answer> = readSource(source).then(
      (documents) => ({ documents }),
      (error: unknown) => ({ error }),
    );
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE).unref();
    });
    const first = await Promise.race([answer, tooLong, this.#ended]);
    clearTimeout(timer);
    if (first) return first;
    this.#hanging.add(source);
    void answer.then((late) => {
      this.#hanging.delete(source);
      this.#late(source, late);
    });
    const message = `${source.name} did not answer within ${PATIENCE / 1000} seconds.`;
    return { error: new HalyardError("SOURCE_READ_FAILED", message) };
  }

  /** Lets go of what is still being read. */
  end(): void {
    this.#end();
  }
}
