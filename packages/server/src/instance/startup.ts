import { HalyardError } from "@halyard/core";
import { withDeadline } from "./deadline.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";

/** How long requests wait for the first definitions, in milliseconds. */
const START_TIMEOUT = 5000;

/** The start of an instance: at once where its sources can be read at once, else within a time. */
export class Startup {
  /** Resolves once the start is over, whatever has become of it. */
  readonly over: Promise<void>;
  readonly #replica: DefinitionsReplica;
  #pending: Promise<void> | undefined;
  #isEnded = false;
  #end = (): void => {};

  /** Throws what sources do that are read at once. */
  constructor(replica: DefinitionsReplica, timeout: number = START_TIMEOUT) {
    this.#replica = replica;
    const whole = replica.startNow();
    replica.watch();
    this.over = whole ? Promise.resolve() : this.#wait(timeout);
  }

  /** What a request waits for before its first read; `undefined` once the start is over. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  #wait(timeout: number): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const message = `The sources did not answer within ${timeout} ms.`;
    const answered = Promise.race([this.#replica.start(), ended]);
    this.#pending = withDeadline(answered, timeout, "START_TIMEOUT", message)
      .catch((late: HalyardError) => this.#replica.startWithout(late))
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }

  /** Rejects when requests would wait no longer and definitions are missing, with the reason. */
  async ready(): Promise<void> {
    await this.over;
    if (this.#isEnded) {
      throw new HalyardError("CLOSED", "The instance is closed, so it will not be ready.");
    }
    const { complete, lastError } = this.#replica;
    if (complete) return;
    throw (
      lastError?.error ?? new HalyardError("START_TIMEOUT", "The sources have not answered yet.")
    );
  }

  /** Nobody waits any longer: the instance is closed. */
  end(): void {
    this.#isEnded = true;
    this.#end();
  }
}
