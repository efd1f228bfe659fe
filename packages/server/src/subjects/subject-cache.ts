import type {
  Override,
  Store,
  StoreNotice,
  SubjectContents,
  SubjectQuery,
  Touched,
} from "@halyard/core";
import { LRUCache } from "lru-cache";
import { withDeadline } from "../instance/deadline.ts";
import { readStore } from "../instance/source-calls.ts";
import { Circuit } from "./circuit.ts";

/** What is known of one subject. */
export interface KnownSubject {
  readonly overrides: readonly Override[];
  readonly groups: readonly string[];
}

interface Entry extends KnownSubject {
  readonly version: number;
  /** Milliseconds of the monotonic clock; from then on it is read again while it serves. */
  readonly freshUntil: number;
  /** Something of it has changed since: it serves only if reading it again fails. */
  outdated: boolean;
  readonly query: SubjectQuery;
}

interface Flight {
  readonly query: SubjectQuery;
  done: Promise<void>;
  /** What is on its way may be older than a change. */
  outdated: boolean;
  /** It missed the deadline, and may answer yet. */
  late: boolean;
}

/** Most reads that missed the deadline of which changes are noted until they answer. */
const MAX_LATE = 1000;

/** Of a cache that reads what is missing from a store. */
export interface ReadThroughOptions {
  /** Milliseconds that what was read is fresh. */
  readonly ttl: number;
  /** Most entries. */
  readonly max: number;
  /** Milliseconds that a request waits for what it needs. */
  readonly deadline: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly random: () => number;
  readonly onCircuit: (open: boolean, error: unknown) => void;
  /** Something could not be read. */
  readonly onError: (error: unknown) => void;
}

export interface SubjectCacheOptions extends ReadThroughOptions {
  readonly store: Store;
}

export interface SubjectCounts {
  hits: number;
  misses: number;
  /** Reads of flags of a subject that was not loaded. */
  notLoaded: number;
  errors: number;
}

/**
 * Overrides and groups by subject: read in one round trip by whoever comes first, kept for a
 * while, and read again as soon as anything of them has changed, here or elsewhere.
 */
export class SubjectCache {
  readonly counts: SubjectCounts = { hits: 0, misses: 0, notLoaded: 0, errors: 0 };
  readonly #options: SubjectCacheOptions;
  readonly #circuit: Circuit;
  readonly #entries: LRUCache<string, Entry>;
  readonly #flights = new Map<string, Flight>();
  readonly #late = new Set<Flight>();
  /** Subjects that could not be read when they were asked for last. */
  readonly #failed: LRUCache<string, true>;
  /** Scope, or user of groups → names of the subjects that are kept for it. */
  readonly #names = new Map<string, Set<string>>();
  #closed = false;

  constructor(options: SubjectCacheOptions) {
    this.#options = options;
    const { now, random, onCircuit } = options;
    this.#circuit = new Circuit({ now, random, onChange: onCircuit });
    this.#failed = new LRUCache({ max: options.max });
    this.#entries = new LRUCache({
      max: options.max,
      dispose: ({ query }, name, reason) => {
        if (reason !== "set") this.#unlist(query, name);
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get max(): number {
    return this.#options.max;
  }

  get circuitOpen(): boolean {
    return this.#circuit.open;
  }

  /** Whether the store was asked for a subject that is not known, or would be if it were not spared. */
  hasFailed(query: SubjectQuery): boolean {
    return this.#circuit.open || this.#failed.has(nameOf(query));
  }

  /** What is known without waiting, also if it is not fresh any more. */
  known(query: SubjectQuery): KnownSubject | undefined {
    const name = nameOf(query);
    const entry = this.#entries.get(name);
    // Those who never wait, such as a socket's client, get the news with one of their next reads.
    if (entry !== undefined && (entry.outdated || entry.freshUntil <= this.#options.now())) {
      void this.#fly(name, query);
    }
    return entry;
  }

  /**
   * Reads the subject, unless it is known; `undefined` when there is nothing to wait for. Never
   * rejects, and does not take longer than the deadline.
   */
  load(query: SubjectQuery): Promise<void> | undefined {
    const name = nameOf(query);
    const entry = this.#entries.get(name);
    if (entry !== undefined && !entry.outdated) {
      this.counts.hits++;
      // It serves while it is read again: nobody waits.
      if (entry.freshUntil <= this.#options.now()) this.#fly(name, query);
      return undefined;
    }
    this.counts.misses++;
    const flight = this.#fly(name, query);
    // A flight is followed by another one while its subject changes, again and again perhaps.
    return flight && this.#inTime(flight).catch(() => {});
  }

  /** One read of a subject at a time, whoever asks. `undefined` when the store is spared. */
  #fly(name: string, query: SubjectQuery): Promise<void> | undefined {
    const known = this.#flights.get(name);
    if (known !== undefined) return known.done;
    if (this.#closed || !this.#circuit.allows()) return undefined;
    const flight: Flight = { query, outdated: false, late: false, done: Promise.resolve() };
    flight.done = this.#read(name, flight).then(() => {
      this.#flights.delete(name);
      // Those who wait for it are to see the change, too.
      return flight.outdated ? this.#fly(name, query) : undefined;
    });
    this.#flights.set(name, flight);
    return flight.done;
  }

  /** Never rejects. */
  async #read(name: string, flight: Flight): Promise<void> {
    const { store } = this.#options;
    const reading = readStore(store, () => store.readSubject(flight.query)).then((contents) => {
      if (flight.late) this.#circuit.answeredLate();
      else this.#circuit.succeeded();
      this.#keep(name, flight, contents);
    });
    try {
      await this.#inTime(reading);
    } catch (error) {
      this.#circuit.failed(error);
      this.counts.errors++;
      this.#failed.set(name, true);
      if (!this.#closed) this.#options.onError(error);
      this.#awaitLate(flight, reading);
    }
  }

  /** It may come late, and is welcome then; that it fails late is no news. */
  #awaitLate(flight: Flight, reading: Promise<void>): void {
    flight.late = true;
    this.#late.add(flight);
    reading.catch(() => {}).finally(() => this.#late.delete(flight));
    const [oldest] = this.#late;
    if (this.#late.size <= MAX_LATE || oldest === undefined) return;
    // Changes are not noted any more, so there may be some.
    oldest.outdated = true;
    this.#late.delete(oldest);
  }

  #inTime<T>(promise: Promise<T>): Promise<T> {
    const { store, deadline } = this.#options;
    const message = `${store.name} did not give a subject within ${deadline} ms.`;
    return withDeadline(promise, deadline, "STORE_READ_FAILED", message);
  }

  #keep(name: string, { query, outdated }: Flight, contents: SubjectContents): void {
    if (this.#closed) return;
    this.#failed.delete(name);
    const { version, overrides, groups } = contents;
    // What comes late may be older than what others have read since.
    if ((this.#entries.peek(name)?.version ?? 0) > version) return;
    const freshUntil = this.#options.now() + this.#options.ttl;
    this.#entries.set(name, { version, overrides, groups, query, freshUntil, outdated });
    for (const key of keysOf(query)) {
      const names = this.#names.get(key);
      if (names === undefined) this.#names.set(key, new Set([name]));
      else names.add(name);
    }
  }

  #unlist(query: SubjectQuery, name: string): void {
    for (const key of keysOf(query)) {
      const names = this.#names.get(key);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(key);
    }
  }

  /** Something has changed in the store, here or elsewhere. */
  notice({ touched }: Pick<StoreNotice, "touched">): void {
    if (touched === undefined) {
      for (const entry of this.#entries.values()) entry.outdated = true;
      for (const flight of this.#underWay()) flight.outdated = true;
      return;
    }
    const keys = new Set(touched.flatMap((each) => keyOf(each) ?? []));
    if (keys.size === 0) return;
    for (const key of keys) {
      for (const name of this.#names.get(key) ?? []) {
        const entry = this.#entries.peek(name);
        // In place: setting it again would count as a use of it.
        if (entry !== undefined) entry.outdated = true;
      }
    }
    for (const flight of this.#underWay()) {
      if (keysOf(flight.query).some((key) => keys.has(key))) flight.outdated = true;
    }
  }

  #underWay(): readonly Flight[] {
    return [...this.#flights.values(), ...this.#late];
  }

  close(): void {
    this.#closed = true;
    this.#entries.clear();
    this.#failed.clear();
  }
}

function nameOf({ scopes, user }: SubjectQuery): string {
  return JSON.stringify([user, scopes]);
}

/** What of a store a subject is made of. */
function keysOf({ scopes, user }: SubjectQuery): readonly string[] {
  return user === undefined ? scopes : [...scopes, groupsKey(user)];
}

/** Not the key of a scope: those have no space before the first colon. */
function groupsKey(user: string): string {
  return `groups of:${user}`;
}

function keyOf({ what, scope }: Touched): string | undefined {
  if (scope === undefined) return undefined;
  if (what === "override") return scope;
  return what === "group" ? groupsKey(scope) : undefined;
}
