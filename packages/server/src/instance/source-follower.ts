import { type DefinitionSource, HalyardError, type StoreNotice } from "@halyard/core";
import { isServedWhole } from "./change-feed.ts";
import { withDeadline } from "./deadline.ts";
import { type Contents, isStore, readSource, readSourceSync, watchSource } from "./source-calls.ts";

/** Milliseconds. A source that takes longer to read counts as failed, and is read again. */
const PATIENCE = 10_000;

/** Milliseconds before a read that failed is tried again; twice as long after each failure. */
const FIRST_RETRY = 1000;

export interface FollowerListener {
  /** `latest` is other contents than before. `what` names what changed. */
  readonly arrived: (follower: SourceFollower, what: readonly string[]) => void;
  /** The source can't be read, or not be watched. */
  readonly failed: (follower: SourceFollower, error: unknown, what: readonly string[]) => void;
  /** What a store tells of; for what is not read whole. */
  readonly noticed: (follower: SourceFollower, notice: StoreNotice) => void;
}

/**
 * Reads one source, again whenever it says that it has changed: one read at a time, tried again
 * when it fails or does not answer. Of several answers only that of the read that began last is
 * believed, however late it comes.
 */
export class SourceFollower {
  readonly source: DefinitionSource;
  readonly #listener: FollowerListener;
  readonly #interval: number;
  /** Milliseconds; at most as much again is added by chance, so that processes spread. */
  #retryIn = FIRST_RETRY;
  /** What has changed since the read that is under way began. */
  #announced = new Set<string>();
  /** The reads that are under way, one after the other. */
  #loop: Promise<void> | undefined;
  #begun = 0;
  #believed = 0;
  #latest: Contents | undefined;
  #recalled: Contents | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stop: (() => unknown) | undefined;
  #closed = false;

  /** `interval`: milliseconds between reads of a source that tells of no changes. */
  constructor(source: DefinitionSource, interval: number, listener: FollowerListener) {
    this.source = source;
    this.#interval = interval;
    this.#listener = listener;
  }

  get name(): string {
    return this.source.name;
  }

  /** What the source gave last; `undefined` until it has given anything. */
  get latest(): Contents | undefined {
    return this.#latest;
  }

  /** What `latest` gives was given to an earlier process. */
  get isRecalled(): boolean {
    return this.#recalled !== undefined && this.#recalled === this.#latest;
  }

  /** Reads at once. Throws what is wrong. */
  readNow(): void {
    this.#latest = readSourceSync(this.source);
  }

  /** Follows the source's changes from here on. */
  watch(): void {
    this.#stop = watchSource(this.source, {
      onChange: (what, notice) => {
        if (this.#closed) return;
        if (notice !== undefined) this.#listener.noticed(this, notice);
        if (notice === undefined || isServedWhole(notice)) this.read(what);
      },
      onError: (error) => {
        if (!this.#closed) this.#listener.failed(this, error, [this.name]);
      },
    });
    this.#schedulePoll();
  }

  /** Reads soon: now, or once the read under way is over. */
  read(what: readonly string[] = [this.name]): void {
    if (this.#closed) return;
    for (const name of what) this.#announced.add(name);
    if (this.#loop === undefined) void this.#read();
  }

  /** Never rejects. */
  #read(): Promise<void> {
    this.#loop = this.#readOn().finally(() => {
      this.#loop = undefined;
    });
    return this.#loop;
  }

  async #readOn(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#announced.size > 0 && !this.#closed) {
      const what = [...this.#announced];
      this.#announced = new Set();
      try {
        await this.#readOnce(what);
      } catch (error) {
        this.#fail(error, what);
      }
    }
  }

  async #readOnce(what: readonly string[]): Promise<void> {
    const late = `${this.name} did not answer within ${PATIENCE / 1000} seconds.`;
    const believed = this.#ask().then((answer) => this.#believe(answer, what));
    await withDeadline(believed, PATIENCE, "SOURCE_READ_FAILED", late);
  }

  /** The first read, of which nobody is told but by failures. */
  async readFirst(): Promise<void> {
    this.#announced.add(this.name);
    await (this.#loop ?? this.#read());
  }

  /** Reads for a write that made a version and wants to see it; rejects with what is wrong. */
  async readBack(version: number): Promise<void> {
    const answer = await this.#ask();
    if ((answer.contents.version ?? version) < version) {
      const message = `${this.name} gave version ${answer.contents.version} after it took version ${version}.`;
      throw new HalyardError("STORE_READ_FAILED", message);
    }
    if (this.#isNewer(answer)) this.#latest = answer.contents;
  }

  /** Serves what the source gave to an earlier process, until it gives something itself. */
  recall(contents: Contents): void {
    if (this.#latest !== undefined) return;
    this.#latest = contents;
    this.#recalled = contents;
  }

  /** Takes contents that were written for what would be read. */
  assume(contents: Contents): void {
    this.#believed = ++this.#begun;
    this.#latest = contents;
  }

  async #ask(): Promise<{ readonly order: number; readonly contents: Contents }> {
    const order = ++this.#begun;
    return { order, contents: await readSource(this.source) };
  }

  #believe(answer: { order: number; contents: Contents }, what: readonly string[]): void {
    if (this.#closed) return;
    this.#retryIn = FIRST_RETRY;
    this.#schedulePoll();
    if (!this.#isNewer(answer)) return;
    this.#latest = answer.contents;
    this.#listener.arrived(this, what);
  }

  /** Throws `SOURCE_READ_FAILED` for contents that are older than what has been seen. */
  #isNewer({ order, contents }: { order: number; contents: Contents }): boolean {
    if (order < this.#believed) return false;
    const [known, given] = [this.#latest?.version, contents.version];
    if (known !== undefined && given !== undefined && given < known) {
      const message = `${this.name} is at version ${given} and was at ${known} before: was it emptied, restored, or exchanged? Its last good data serve until it is ahead again, or this process is started anew.`;
      throw new HalyardError("SOURCE_READ_FAILED", message);
    }
    this.#believed = order;
    return true;
  }

  #fail(error: unknown, what: readonly string[]): void {
    if (this.#closed) return;
    this.#listener.failed(this, error, what);
    // What is wrong with definitions is mended by a change, which is announced.
    if (error instanceof HalyardError && error.code === "INVALID_DEFINITIONS") {
      this.#schedulePoll();
      return;
    }
    this.#schedule(this.#retryIn);
    this.#retryIn = Math.min(2 * this.#retryIn, Math.max(this.#interval, FIRST_RETRY));
  }

  #schedulePoll(): void {
    if (this.source.watch !== undefined) return;
    // What is read at once, tells of no changes, and is not written to, has none: it is code.
    if (this.source.readSync === undefined || isStore(this.source)) this.#schedule(this.#interval);
  }

  #schedule(milliseconds: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const jittered = milliseconds * (1 + Math.random() / 4);
    this.#timer = setTimeout(() => this.read(), jittered).unref();
  }

  /** Ends following, and does not wait for a read that is under way. Returns what ends the watch. */
  close(): (() => unknown) | undefined {
    this.#closed = true;
    clearTimeout(this.#timer);
    const stop = this.#stop;
    this.#stop = undefined;
    return stop;
  }
}
