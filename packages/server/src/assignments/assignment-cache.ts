import {
  type AssignmentBook,
  type AssignmentStore,
  HalyardError,
  isStorable,
  MAX_UNIT,
  type NewAssignment,
  type UnitAssignments,
  unitOf,
} from "@halyard/core";
import { LRUCache } from "lru-cache";
import { withDeadline } from "../instance/deadline.ts";
import { Circuit } from "../subjects/circuit.ts";
import type { ReadThroughOptions } from "../subjects/subject-cache.ts";
import { KnownUnit } from "./known-unit.ts";

export interface AssignmentCacheOptions extends ReadThroughOptions {
  readonly store: AssignmentStore;
  /** An experiment was read by somebody who has not waited for the unit's assignments. */
  readonly onNotLoaded: () => void;
  /** To be written: a unit was served what the store does not know of. */
  readonly onAssigned: (assignment: NewAssignment) => void;
}

/**
 * Assignments by unit, for reads: loaded in one round trip by whoever comes first and kept for a
 * while; and what was served since, so that nobody moves in this process while it is written.
 */
export class AssignmentCache implements AssignmentBook {
  readonly view: AssignmentBook["view"];
  readonly counts: { hits: number; misses: number; errors: number } = {
    hits: 0,
    misses: 0,
    errors: 0,
  };
  readonly #options: AssignmentCacheOptions;
  readonly #circuit: Circuit;
  readonly #units: LRUCache<string, KnownUnit>;
  readonly #flights = new Map<string, Promise<void>>();
  #isPeeking = false;
  #isClosed = false;

  constructor(options: AssignmentCacheOptions) {
    this.#options = options;
    const { now, random, onCircuit, max } = options;
    this.#circuit = new Circuit({ now, random, onChange: onCircuit });
    this.#units = new LRUCache({ max });
    this.view = { name: "assignments", parse: (value) => this.#read(value) };
  }

  get size(): number {
    return this.#units.size;
  }

  get max(): number {
    return this.#options.max;
  }

  get circuitOpen(): boolean {
    return this.#circuit.open;
  }

  peek<T>(look: () => T): T {
    const before = this.#isPeeking;
    this.#isPeeking = true;
    try {
      return look();
    } finally {
      this.#isPeeking = before;
    }
  }

  /** Whether these units have been read, or there is nothing to know of them. */
  isKnown(units: readonly string[]): boolean {
    // Those who never wait, such as a socket's client, get the news with one of their next reads.
    return this.#missing(units).length === 0;
  }

  /**
   * Reads units, unless they are known; `undefined` when there is nothing to wait for. Never
   * rejects, and does not take longer than the deadline.
   */
  load(units: readonly string[]): Promise<void> | undefined {
    const missing = this.#missing(units);
    this.counts.hits += units.length - missing.length;
    this.counts.misses += missing.length;
    return missing.length === 0 ? undefined : this.#fly(missing);
  }

  /** Those that were not read yet. What is not fresh serves while it is read again: nobody waits. */
  #missing(units: readonly string[]): readonly string[] {
    const missing: string[] = [];
    const old: string[] = [];
    for (const unit of units) {
      const known = this.#units.get(unit);
      if (known?.isLoaded !== true) missing.push(unit);
      else if (known.freshUntil <= this.#options.now()) old.push(unit);
    }
    if (old.length > 0) void this.#fly(old);
    return missing;
  }

  /** One read of a unit at a time, whoever asks. `undefined` when the store is spared. */
  #fly(units: readonly string[]): Promise<void> | undefined {
    const wanted = units.filter((unit) => !this.#flights.has(unit));
    const flights = new Set(units.flatMap((unit) => this.#flights.get(unit) ?? []));
    if (wanted.length > 0 && !this.#isClosed && this.#circuit.allows()) {
      const flight = this.#load(wanted).finally(() => {
        for (const unit of wanted) this.#flights.delete(unit);
      });
      for (const unit of wanted) this.#flights.set(unit, flight);
      flights.add(flight);
    }
    return flights.size === 0 ? undefined : Promise.all(flights).then(() => {});
  }

  /** Never rejects. */
  async #load(units: readonly string[]): Promise<void> {
    const { store, deadline, onError } = this.#options;
    let isLate = false;
    const loading = loadFrom(store, units).then((found) => {
      if (isLate) this.#circuit.answeredLate();
      else this.#circuit.succeeded();
      for (const [index, unit] of units.entries()) {
        this.#keep(unit, found[index] as ReadonlyMap<string, string>);
      }
    });
    const message = `${store.name} did not give assignments within ${deadline} ms.`;
    try {
      await withDeadline(loading, deadline, "STORE_READ_FAILED", message);
    } catch (error) {
      // The answer may come yet, and is welcome then; that it fails late is no news.
      isLate = true;
      this.#circuit.failed(error);
      this.counts.errors++;
      if (this.#isClosed) return;
      onError(error);
      for (const unit of units) {
        const known = this.#units.peek(unit) ?? this.#unit(unit);
        if (!known.isLoaded) this.#units.set(unit, known.with({ isMissed: true }));
      }
    }
  }

  /** What the store knows of a unit, and what this process has served that it does not. */
  #keep(unit: string, stored: ReadonlyMap<string, string>): void {
    if (this.#isClosed) return;
    const variants = new Map(stored);
    const known = this.#units.peek(unit) ?? this.#unit(unit);
    for (const [experiment, variant] of known.variants) {
      const standing = stored.get(experiment);
      const replaces = known.replacedIn(experiment);
      if (standing !== undefined && standing !== replaces) continue;
      variants.set(experiment, variant);
      this.#options.onAssigned({ unit, experiment, variant, replaces });
    }
    const freshUntil = this.#options.now() + this.#options.ttl;
    this.#units.set(unit, known.with({ freshUntil, isMissed: false, variants }));
  }

  /** The store knew better: what it says holds for whoever comes next. */
  standing({ unit, experiment, variant }: NewAssignment, standing: string): void {
    const known = this.#units.peek(unit);
    if (variant === standing || known === undefined) return;
    const variants = new Map(known.variants).set(experiment, standing);
    this.#units.set(unit, known.with({ variants }));
  }

  #read(value: unknown): UnitAssignments | null {
    const unit = assignableUnit(value);
    if (unit === undefined) return null;
    const known = this.#units.get(unit) ?? this.#unit(unit);
    if (this.#isPeeking) return known;
    if (!known.isLoaded && !known.isMissed && !this.#circuit.open) this.#options.onNotLoaded();
    return known;
  }

  #unit(name: string): KnownUnit {
    return new KnownUnit(name, (unit, experiment, variant, replaces) => {
      if (!this.#isPeeking) this.#serve(unit, experiment, variant, replaces);
    });
  }

  #serve(unit: KnownUnit, experiment: string, variant: string, replaces: string | undefined): void {
    unit.keep(experiment, variant, replaces);
    const known = this.#units.get(unit.name);
    if (known === undefined) this.#units.set(unit.name, unit);
    else if (known !== unit) {
      const standing = known.variantOf(experiment);
      // Others have learnt more since this request began.
      if (standing !== undefined && standing !== replaces) return;
      known.keep(experiment, variant, replaces);
    }
    if (!this.#isClosed) {
      this.#options.onAssigned({ unit: unit.name, experiment, variant, replaces });
    }
  }

  /** Reads go on from what is known. */
  close(): void {
    this.#isClosed = true;
  }
}

/** The unit that an attribute's value is; `undefined` when no assignment of it could be kept. */
export function assignableUnit(value: unknown): string | undefined {
  const unit = unitOf(value);
  return isStorable(unit, MAX_UNIT) ? unit : undefined;
}

/** Stores are others' code: what they give and throw is looked at here. */
async function loadFrom(
  store: AssignmentStore,
  units: readonly string[],
): Promise<readonly ReadonlyMap<string, string>[]> {
  const found: unknown = await store.load(units);
  const isWhole = Array.isArray(found) && found.length === units.length;
  if (isWhole && found.every((each) => each instanceof Map)) return found;
  const message = `${store.name} did not give a map of assignments for each of ${units.length} units.`;
  throw new HalyardError("STORE_READ_FAILED", message);
}
