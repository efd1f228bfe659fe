import { announce, complain, type SourceListener, type Touched } from "@halyard/core";
import { Backoff, jittered } from "./waiting.ts";

/** What a look at a store finds. */
export interface Found {
  readonly version: number;
  /** What was written since the version that was asked from; `undefined` when it can't be told. */
  readonly touched: readonly Touched[] | undefined;
}

/** A connection on which a store tells of changes. */
export interface Channel {
  readonly close: () => unknown;
}

export interface ChannelListener {
  /** Something may have been written, up to this version where it is known. */
  readonly changed: (version?: number) => void;
  /** The channel is no more. */
  readonly lost: (error: unknown) => void;
}

export interface FeedOptions {
  readonly name: string;
  /** Milliseconds between looks that nothing gave rise to; jitter is added. */
  readonly pollInterval: number;
  /** Finds what was written after a version. Rejects when the store can't be read. */
  readonly look: (seen: number | undefined) => Promise<Found>;
  /** Whether a poll needs a look; asked first where that is cheaper. */
  readonly glance?: (() => boolean) | undefined;
  /** Opens what pushes changes. Without it they are found by looking. */
  readonly open?: ((listener: ChannelListener) => Promise<Channel>) | undefined;
}

/** Milliseconds. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 5000;

/**
 * Tells listeners what is written to a store, by whomever, in order: pushed where the store can,
 * and found by looking now and then. Each listener is told once when the watch stands, since it
 * can't know what was written between its read and then.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<SourceListener>();
  readonly #lookRetry = new Backoff(FIRST_RETRY, LONGEST_RETRY);
  readonly #openRetry = new Backoff(FIRST_RETRY, LONGEST_RETRY);
  #seen: number | undefined;
  /** Rises whenever it starts or stops, so that what was begun before does nothing more. */
  #run = 0;
  #looking = false;
  #again = false;
  /** Why it can't look, or is not told: as listeners were told. */
  #lookFault: string | undefined;
  #openFault: string | undefined;
  #recovered = false;
  #channel: Channel | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #openTimer: NodeJS.Timeout | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  watch(given: SourceListener): () => Promise<void> {
    // One of its own for each watch, also of the same object.
    const listener = { onChange: given.onChange, onError: given.onError };
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    else {
      const run = this.#run;
      queueMicrotask(() => {
        if (run !== this.#run || this.#seen === undefined) return;
        this.#tell([listener], this.#seen, undefined);
      });
    }
    return async () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) await this.#stop();
    };
  }

  /** What this process has written itself need not be looked for. */
  written(version: number, touched: readonly Touched[]): void {
    if (this.#listeners.size === 0 || version <= (this.#seen ?? -1)) return;
    const next = this.#seen !== undefined && version === this.#seen + 1;
    if (this.#looking || !next || this.#lookFault !== undefined) return void this.#look();
    this.#seen = version;
    this.#tell(this.#listeners, version, touched);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#stop();
  }

  #start(): void {
    this.#run++;
    this.#seen = undefined;
    this.#lookFault = undefined;
    this.#openFault = undefined;
    this.#recovered = false;
    this.#again = false;
    this.#looking = false;
    if (this.#options.open === undefined) void this.#look();
    else void this.#open();
    this.#poll(this.#options.pollInterval);
  }

  async #stop(): Promise<void> {
    this.#run++;
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#openTimer);
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
  }

  async #open(): Promise<void> {
    const run = this.#run;
    const isCurrent = (): boolean => run === this.#run;
    let lost = false;
    const reopen = (error: unknown): void => {
      if (!isCurrent() || lost) return;
      lost = true;
      this.#channel = undefined;
      if (this.#openFault !== String(error)) complain(this.#listeners, error);
      this.#openFault = String(error);
      this.#openTimer = setTimeout(() => void this.#open(), this.#openRetry.next()).unref();
    };
    try {
      const changed = (version?: number): void => {
        if (isCurrent() && (version ?? Number.MAX_VALUE) > (this.#seen ?? -1)) void this.#look();
      };
      const channel = await this.#options.open?.({ changed, lost: reopen });
      if (channel === undefined || lost) return;
      if (!isCurrent()) return void (await channel.close());
      this.#channel = channel;
      this.#openRetry.reset();
      this.#recovered ||= this.#openFault !== undefined;
      this.#openFault = undefined;
      void this.#look();
    } catch (error) {
      reopen(error);
      // What can't tell of changes can perhaps be read.
      if (isCurrent()) void this.#look();
    }
  }

  #poll(interval: number): void {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => {
      if (this.#isWorthALook()) void this.#look();
      this.#poll(this.#options.pollInterval);
    }, jittered(interval)).unref();
  }

  #isWorthALook(): boolean {
    const { glance } = this.#options;
    if (glance === undefined || this.#lookFault !== undefined || this.#seen === undefined) {
      return true;
    }
    try {
      return glance();
    } catch {
      // The look says what is wrong.
      return true;
    }
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    const run = this.#run;
    this.#looking = true;
    do {
      this.#again = false;
      try {
        const found = await this.#options.look(this.#seen);
        if (run !== this.#run) return;
        this.#hear(found);
      } catch (error) {
        if (run !== this.#run) return;
        this.#fail(error);
      }
    } while (this.#again);
    this.#looking = false;
  }

  #hear({ version, touched }: Found): void {
    this.#lookRetry.reset();
    this.#recovered ||= this.#lookFault !== undefined;
    this.#lookFault = undefined;
    const first = this.#seen === undefined;
    if (version === this.#seen && !this.#recovered) return;
    this.#seen = version;
    if (this.#openFault === undefined) this.#recovered = false;
    this.#tell(this.#listeners, version, first ? undefined : touched);
  }

  #fail(error: unknown): void {
    if (this.#lookFault !== String(error)) complain(this.#listeners, error);
    this.#lookFault = String(error);
    this.#poll(Math.min(this.#lookRetry.next(), this.#options.pollInterval));
  }

  #tell(
    listeners: Iterable<SourceListener>,
    version: number,
    touched: readonly Touched[] | undefined,
  ): void {
    announce([...listeners], this.#options.name, { version, touched });
  }
}
