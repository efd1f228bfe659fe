import { isObject, setOwn, share } from "./share.ts";

/**
 * Some entries of one object or list of a document. A document that comes from another thread
 * whole would take hundreds of milliseconds to arrive; in slices, others get a turn between them.
 */
export interface Slice {
  /** Leads to the object or list; an earlier slice has made it. */
  readonly path: readonly string[];
  /** Absent for a list, whose slices come in order. */
  readonly keys?: string[];
  readonly values: unknown[];
}

/** Values in a slice; takes about a millisecond to arrive. */
const SLICE = 2_000;

/** Cuts a document into slices. The document is not cyclic. */
export function* slicesOf(document: unknown): Generator<Slice, void, void> {
  const weigh = createScale();
  // The root is the only element of a list, so that it needs no rule of its own.
  yield* cut([document], [], weigh);
}

function* cut(
  container: Record<string, unknown> | unknown[],
  path: readonly string[],
  weigh: (value: unknown) => number,
): Generator<Slice, void, void> {
  const isList = Array.isArray(container);
  const start = (): Slice => ({ path, ...(isList ? {} : { keys: [] }), values: [] });
  let slice = start();
  let weight = 0;
  const large: { key: string; value: Record<string, unknown> }[] = [];
  for (const [key, value] of Object.entries(container)) {
    const own = weigh(value);
    if (weight + own > SLICE && slice.values.length > 0) {
      yield slice;
      slice = start();
      weight = 0;
    }
    slice.keys?.push(key);
    if (own > SLICE && isObject(value)) {
      // Stands in its place now, so that the order of keys is right, and is filled afterwards.
      slice.values.push(Array.isArray(value) ? [] : {});
      large.push({ key, value });
      weight++;
    } else {
      slice.values.push(value);
      weight += own;
    }
  }
  yield slice;
  for (const { key, value } of large) yield* cut(value, [...path, key], weigh);
}

/** Counts values; what aliases repeat is looked at once, and counts wherever it stands. */
function createScale(): (value: unknown) => number {
  const known = new Map<object, number>();
  return function weigh(value: unknown): number {
    if (!isObject(value)) return typeof value === "string" ? 1 + value.length / 100 : 1;
    let weight = known.get(value);
    if (weight === undefined) {
      weight = 1;
      for (const item of Object.values(value)) weight += weigh(item);
      known.set(value, weight);
    }
    return weight;
  };
}

/** Puts a document together again, with the values of the previous one where they are equal. */
export class Assembly {
  readonly #previous: unknown[];
  readonly #root: unknown[] = [];

  constructor(previous: unknown) {
    this.#previous = [previous];
  }

  get document(): unknown {
    return this.#root[0];
  }

  add({ path, keys, values }: Slice): void {
    let container: unknown = this.#root;
    let previous: unknown = this.#previous;
    for (const key of path) {
      container = isObject(container) ? container[key] : undefined;
      previous = isObject(previous) && Object.hasOwn(previous, key) ? previous[key] : undefined;
    }
    if (!isObject(container)) throw new Error("A slice has nothing to go into.");
    const first = Array.isArray(container) ? container.length : 0;
    for (const [index, value] of values.entries()) {
      const key = keys?.[index] ?? String(first + index);
      const old = isObject(previous) && Object.hasOwn(previous, key) ? previous[key] : undefined;
      // An empty one may be about to be filled: never the previous one.
      const fresh = isObject(value) && Object.keys(value).length === 0;
      setOwn(container, key, fresh ? value : share(old, value));
    }
  }
}
