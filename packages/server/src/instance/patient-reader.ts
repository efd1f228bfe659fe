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
  /**
   * Gives up the reads under way. Not one promise that all of them race with: it would keep
   * whatever they ever gave for as long as it is pending.
   */
  readonly #giveUps = new Set<() => void>();

  constructor(late: (source: DefinitionSource, answer: Answer) => void) {
    this.#late = late;
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
    let giveUp = (): void => {};
    const patience = new Promise<void>((resolve) => {
      giveUp = resolve;
    });
    this.#giveUps.add(giveUp);
    const timer = setTimeout(giveUp, PATIENCE).unref();
    const first = await Promise.race([answer, patience]);
    clearTimeout(timer);
    this.#giveUps.delete(giveUp);
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
    for (const giveUp of this.#giveUps) giveUp();
  }
}
