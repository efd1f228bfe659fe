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

  /** Makes a route known before it is first asked for. */
  declare(key: Key): void {
    this.#entryOf(key);
  }

  observe(key: Key): void {
    const entry = this.#entryOf(key);
    if (entry === undefined) return;
    entry.hits++;
    entry.lastSeen = Date.now();
  }

  routes(): readonly GuardedRoute[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  #entryOf(key: Key): Entry | undefined {
    const id = `${key.method} ${key.route} ${key.kind} ${key.flags.join(" ")}`;
    const known = this.#entries.get(id);
    if (known !== undefined || this.#entries.size >= MOST_ROUTES) return known;
    const entry: Entry = { ...key, hits: 0, lastSeen: undefined };
    this.#entries.set(id, entry);
    return entry;
  }
}
