import { type AssignmentStore, HalyardError, type NewAssignment } from "@halyard/core";
import { withDeadline } from "../instance/deadline.ts";

/** Milliseconds that the first of a batch waits for others. */
const DELAY = 50;
const BATCH = 200;
const MAX_WAITING = 10_000;

/** Milliseconds that the store has for a batch. */
const DEADLINE = 5000;

/** Milliseconds until a batch that failed is tried again: twice as long each time, up to the last. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 30_000;

export interface AssignmentWriterOptions {
  readonly store: AssignmentStore;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** What stands in the store of what was written. */
  readonly onStanding: (assignment: NewAssignment, variant: string) => void;
  /** So many found no room, or no time when the instance was closed. */
  readonly onDropped: (count: number) => void;
  /** A batch could not be written; it is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Writes assignments in the background, a batch at a time. */
export class AssignmentWriter {
  dropped = 0;
  readonly #options: AssignmentWriterOptions;
  /** By unit and experiment, in the order they came. */
  readonly #waiting = new Map<string, NewAssignment>();
  #sending: ReadonlyMap<string, NewAssignment> = new Map();
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause = 0;
  #isClosed = false;
  /** Closed, and out of time. */
  #isOver = false;

  constructor(options: AssignmentWriterOptions) {
    this.#options = options;
  }

  /** What is not written yet. */
  get size(): number {
    return this.#waiting.size + this.#sending.size;
  }

  /** The last batch could not be written. */
  get isFailing(): boolean {
    return this.#pause > 0;
  }

  push(assignment: NewAssignment): void {
    const key = keyOf(assignment);
    const isWaiting = this.#waiting.has(key);
    // What is to be replaced may be what waits itself.
    if (assignment.replaces === undefined && (isWaiting || this.#sending.has(key))) return;
    if (this.#isClosed || (!isWaiting && this.size >= MAX_WAITING)) {
      this.#drop(1);
      return;
    }
    this.#waiting.set(key, assignment);
    if (this.#waiting.size === BATCH && this.#pause === 0) this.#schedule(0);
    else if (this.#timer === undefined) this.#schedule(DELAY);
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#write(), milliseconds).unref();
  }

  /** One call of the store at a time, until nothing waits or one fails. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#waiting.size > 0 && (await this.#writeBatch()));
    this.#timer = undefined;
    if (this.#pause > 0 && !this.#isClosed) {
      // At least half of it, so that processes do not come back all at once.
      this.#schedule(this.#pause * (0.5 + this.#options.random() / 2));
    }
  }

  async #writeBatch(): Promise<boolean> {
    const { store, onStanding, onError } = this.#options;
    const sending = new Map([...this.#waiting].slice(0, BATCH));
    for (const key of sending.keys()) this.#waiting.delete(key);
    this.#sending = sending;
    const batch = [...sending.values()];
    try {
      const message = `${store.name} did not take assignments within ${DEADLINE / 1000} seconds.`;
      const written = Promise.resolve(store.assign(batch)).then((variants) =>
        checked(store, variants, batch),
      );
      const variants = await withDeadline(written, DEADLINE, "STORE_WRITE_FAILED", message);
      for (const [index, assignment] of batch.entries()) {
        onStanding(assignment, variants[index] as string);
      }
      this.#pause = 0;
      return true;
    } catch (error) {
      if (this.#isOver) return false;
      // Set-if-absent: if it was made after all, making it again changes nothing.
      const later = [...this.#waiting];
      this.#waiting.clear();
      for (const [key, assignment] of [...sending, ...later]) this.#waiting.set(key, assignment);
      this.#pause = Math.min(2 * this.#pause || FIRST_PAUSE, LAST_PAUSE);
      onError(error);
      return false;
    } finally {
      this.#sending = new Map();
    }
  }

  /** Writes what waits, once, and takes no more. What is not written in time is lost, and counted. */
  async close(timeout: number): Promise<void> {
    this.#isClosed = true;
    await within(timeout, this.#writeLast());
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#drop(this.size);
    this.#waiting.clear();
    this.#sending = new Map();
  }

  async #writeLast(): Promise<void> {
    // What is under way took its batch before; the rest is this one's.
    await this.#writing;
    await this.#write();
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.dropped += count;
    this.#options.onDropped(count);
  }
}

function keyOf({ unit, experiment }: NewAssignment): string {
  return `${unit.length} ${unit} ${experiment}`;
}

/** Stores are others' code. */
function checked(
  { name }: AssignmentStore,
  variants: readonly string[],
  batch: readonly NewAssignment[],
): readonly string[] {
  const isWhole = Array.isArray(variants) && variants.length === batch.length;
  if (isWhole && variants.every((variant) => typeof variant === "string")) return variants;
  const message = `${name} did not say which variants stand for ${batch.length} assignments.`;
  throw new HalyardError("STORE_WRITE_FAILED", message);
}

/** Resolves when the work is over, or in so many milliseconds. Keeps the process alive for it. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
