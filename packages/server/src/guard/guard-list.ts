import { METHODS as nodeMethods } from "node:http";

/** A route that flags decide about. */
export interface GuardedRoute {
  readonly flags: readonly string[];
  /** `requireFeature` or `byVariant`. */
  readonly kind: "require" | "variant";
  readonly method: string;
  /**
   * The route's pattern, where the framework tells it. Express tells no pattern of routers and
   * mounts that a route is below: `…` stands for those.
   */
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
const MOST_ROUTES = 1000;

/** Longest pattern, in characters. */
const MAX_ROUTE = 200;

/** Which routes are guarded by which flags: declared where the framework says, else as observed. */
export class GuardList {
  readonly #entries = new Map<string, Entry>();

  /** Makes a route known, also before it is first asked for; `undefined` when there are too many. */
  declare({ route, ...rest }: Key): Entry | undefined {
    const key = { ...rest, route: route.slice(0, MAX_ROUTE) };
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
  /** The pattern is one below a mount whose own pattern the framework does not tell. */
  readonly mounted: boolean;
}

/** Never the request's own path: what clients write must not fill lists, or be read in them. */
export function routeName({ pattern, mounted }: RoutePlace): string {
  const route = `${mounted ? "…" : ""}${pattern === undefined ? "/*" : String(pattern)}`;
  return route.slice(0, MAX_ROUTE);
}

const METHODS: ReadonlySet<string> = new Set(nodeMethods);

/** Over HTTP/2 clients may write any method, which lists must not be filled with either. */
export function isMethod({ method }: RoutePlace): boolean {
  return METHODS.has(method);
}

type Places = Map<string, Map<unknown, Entry>>;

/** Counts the requests that one guard sees, in the lists of the instances that it finds on them. */
export class GuardObserver {
  readonly #guarded: Guarded;
  readonly #known: readonly [root: WeakMap<GuardList, Places>, mounted: WeakMap<GuardList, Places>];

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
    this.#known = [new WeakMap(), new WeakMap()];
  }

  observe(list: GuardList, place: RoutePlace): void {
    const known = this.#known[place.mounted ? 1 : 0];
    const entry =
      known.get(list)?.get(place.method)?.get(place.pattern) ?? this.#find(known, list, place);
    if (entry === undefined) return;
    entry.hits++;
    entry.lastSeen = Date.now();
  }

  #find(known: WeakMap<GuardList, Places>, list: GuardList, place: RoutePlace): Entry | undefined {
    if (!isMethod(place)) return undefined;
    const { method, pattern } = place;
    const entry = list.declare({ ...this.#guarded, method, route: routeName(place) });
    if (entry === undefined) return undefined;
    const places: Places = known.get(list) ?? new Map();
    const patterns = places.get(method) ?? new Map();
    known.set(list, places.set(method, patterns.set(pattern, entry)));
    return entry;
  }
}
