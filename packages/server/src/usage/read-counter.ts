import type { Clock, EvaluationDetails, EvaluationObserver } from "@halyard/core";
import { isMethod, type RoutePlace, routeName } from "../guard/guard-list.ts";
import { valueLabel } from "../telemetry/calling-observer.ts";

/** Reads of one flag that gave one value, on one route. */
export interface ReadCount {
  readonly flagKey: string;
  /** `true`, `false`, else the variant's name; empty without one. */
  readonly value: string;
  /** Absent outside of requests, and behind too many routes. */
  readonly route: Route | undefined;
  readonly reads: number;
  /** Epoch milliseconds. */
  readonly lastRead: number | undefined;
}

export interface Route {
  readonly method: string;
  /** The pattern, as in the list of guards. */
  readonly route: string;
}

type Count = { -readonly [Name in keyof ReadCount]: ReadCount[Name] } & { seen: number };

/** Routes are written in code; patterns that are made at run time must not pile up. */
const MOST_ROUTES = 1000;

/** Flags times values times routes; beyond, reads are counted without their routes. */
const MOST_COUNTS = 50_000;

/** Between two looks at which counts have risen, in milliseconds. */
export const RESOLUTION = 60_000;

/** The counts of one route. A read finds its own by the details, which are one object per outcome. */
interface RouteCounts {
  readonly route: Route | undefined;
  readonly byDetails: WeakMap<EvaluationDetails, Count>;
  readonly byName: Map<string, Count>;
}

type Patterns = Map<string, Map<unknown, RouteCounts>>;

/**
 * Counts which flags are read, where, and what they give. A read only counts: when it was is found
 * out once a minute, by looking at what has risen since.
 */
export class ReadCounter implements EvaluationObserver {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly #clock: Clock;
  readonly #flags: () => ReadonlyMap<string, unknown>;
  readonly #elsewhere: RouteCounts = countsOf(undefined);
  /** By method and pattern; of those below a mount apart. */
  readonly #routes: readonly [root: Patterns, mounted: Patterns] = [new Map(), new Map()];
  readonly #all = new Set<RouteCounts>([this.#elsewhere]);
  readonly #known = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #counts = 0;

  constructor(clock: Clock, flags: () => ReadonlyMap<string, unknown>) {
    this.#clock = clock;
    this.#flags = flags;
    this.since = clock();
    this.look();
    this.#timer = setInterval(() => this.look(), RESOLUTION).unref();
  }

  /** For reads outside of requests. */
  evaluated(details: EvaluationDetails): void {
    this.#count(details, this.#elsewhere);
  }

  /** For the reads of one request. */
  recorder(place: () => RoutePlace): EvaluationObserver {
    return { evaluated: (details) => this.#count(details, this.#countsAt(place())) };
  }

  /** What was counted, with when it was read last. Forgets flags that are gone. */
  look(): readonly ReadCount[] {
    const now = this.#clock();
    const flags = this.#flags();
    for (const key of flags.keys()) if (!this.#known.has(key)) this.#known.set(key, now);
    for (const key of this.#known.keys()) if (!flags.has(key)) this.#known.delete(key);
    const counts: Count[] = [];
    for (const { byName } of this.#all) {
      for (const [name, count] of byName) {
        if (!flags.has(count.flagKey)) {
          byName.delete(name);
          this.#counts--;
          continue;
        }
        if (count.reads !== count.seen) count.lastRead = now;
        count.seen = count.reads;
        counts.push(count);
      }
    }
    return counts;
  }

  /** Since when reads of a flag would have been counted; epoch milliseconds. */
  knownSince(key: string): number {
    return this.#known.get(key) ?? this.since;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #countsAt(place: RoutePlace): RouteCounts {
    const { method, pattern, mounted } = place;
    const routes = this.#routes[mounted ? 1 : 0];
    const known = routes.get(method)?.get(pattern);
    if (known !== undefined) return known;
    if (this.#all.size > MOST_ROUTES || !isMethod(place)) return this.#elsewhere;
    const counts = countsOf({ method, route: routeName(place) });
    const patterns = routes.get(method) ?? new Map<unknown, RouteCounts>();
    routes.set(method, patterns.set(pattern, counts));
    this.#all.add(counts);
    return counts;
  }

  #count(details: EvaluationDetails, counts: RouteCounts): void {
    const count = counts.byDetails.get(details) ?? this.#find(details, counts);
    if (count !== undefined) count.reads++;
  }

  #find(details: EvaluationDetails, counts: RouteCounts): Count | undefined {
    const { flagKey, errorCode } = details;
    // Keys of no flag are asked for by whoever likes to.
    if (errorCode !== undefined || !this.#flags().has(flagKey)) return undefined;
    const value = valueLabel(details);
    const name = `${flagKey}\n${value}`;
    let count = counts.byName.get(name);
    if (count === undefined) {
      if (this.#counts >= MOST_COUNTS && counts !== this.#elsewhere) {
        return this.#find(details, this.#elsewhere);
      }
      const { route } = counts;
      count = { flagKey, value, route, reads: 0, seen: 0, lastRead: undefined };
      counts.byName.set(name, count);
      this.#counts++;
    }
    counts.byDetails.set(details, count);
    return count;
  }
}

function countsOf(route: Route | undefined): RouteCounts {
  return { route, byDetails: new WeakMap(), byName: new Map() };
}
