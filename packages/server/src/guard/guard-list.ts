/** A route that flags decide about. */
export interface GuardedRoute {
  readonly flags: readonly string[];
  /** `requireFeature` or `byVariant`. */
  readonly kind: "require" | "variant";
  readonly method: string;
  /** The route's pattern, where the framework tells it. */
  readonly route: string;
  readonly hits: number;
  /** Epoch milliseconds; absent before the first request. */
  readonly lastSeen: number | undefined;
}

/** What is asked for, and how. */
export type Guarded = Pick<GuardedRoute, "flags" | "kind">;

type Key = Pick<GuardedRoute, "flags" | "kind" | "method" | "route">;

interface Entry extends Key {
  hits: number;
  lastSeen: number | undefined;
}

/** Routes are written in code, so there are not many; patterns made at run time must not pile up. */
const MOST_ROUTES = 10_000;

/** Which routes are guarded by which flags: declared where the framework says, else as observed. */
export class GuardList {
  readonly #entries = new Map<string, Entry>();

  /** Makes a route known, also before it is first asked for; `undefined` when there are too many. */
  declare(key: Key): Entry | undefined {
    const id = `${key.method} ${key.route} ${key.kind} ${key.flags.join(" ")}`;
    const known = this.#entries.get(id);
    if (known !== undefined || this.#entries.size >= MOST_ROUTES) return known;
    const entry: Entry = { ...key, hits: 0, lastSeen: undefined };
    this.#entries.set(id, entry);
    return entry;
  }

  routes(): readonly GuardedRoute[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }
}

/** Where a request came in, as the framework has it at hand: nothing is joined for each request. */
export interface RoutePlace {
  readonly method: string;
  /** The route's pattern, of whatever type; `undefined` where the framework tells none. */
  readonly pattern: unknown;
  /** Where the pattern's router is mounted. */
  readonly base: string;
}

type Places = Map<string, Map<string, Map<unknown, Entry>>>;

/** Counts the requests that one guard sees, in the lists of the instances that it finds on them. */
export class GuardObserver {
  readonly #guarded: Guarded;
  readonly #known = new WeakMap<GuardList, Places>();

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
  }

  observe(list: GuardList, { method, pattern, base }: RoutePlace): void {
    const entry =
      this.#known.get(list)?.get(base)?.get(method)?.get(pattern) ??
      this.#find(list, method, pattern, base);
    if (entry === undefined) return;
    entry.hits++;
    entry.lastSeen = Date.now();
  }

  #find(list: GuardList, method: string, pattern: unknown, base: string): Entry | undefined {
    const route = `${base}${pattern === undefined ? "/*" : String(pattern)}`;
    const entry = list.declare({ ...this.#guarded, method, route });
    if (entry === undefined) return undefined;
    const places: Places = this.#known.get(list) ?? new Map();
    const methods = places.get(base) ?? new Map();
    const patterns = methods.get(method) ?? new Map();
    this.#known.set(list, places.set(base, methods.set(method, patterns.set(pattern, entry))));
    return entry;
  }
}
