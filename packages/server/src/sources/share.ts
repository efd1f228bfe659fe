/**
 * Gives back the previous value wherever the next one says the same, the order of keys included:
 * a reader that goes by identity then sees at a glance what a reload has changed, and parses and
 * compiles nothing else. Puts such values into `next`. Neither value is cyclic.
 */
export function share(previous: unknown, next: unknown): unknown {
  if (!isObject(previous) || !isObject(next)) return Object.is(previous, next) ? previous : next;
  if (previous === next || Array.isArray(previous) !== Array.isArray(next)) return next;
  const keys = Object.keys(next);
  const before = Object.keys(previous);
  let same = keys.length === before.length;
  for (const [index, key] of keys.entries()) {
    const old = Object.hasOwn(previous, key) ? previous[key] : undefined;
    const value = next[key];
    const shared = share(old, value);
    if (shared !== value) setOwn(next, key, shared);
    if (key !== before[index] || !Object.is(shared, old)) same = false;
  }
  return same ? previous : next;
}

/** Assigns an own property whatever its name: `object["__proto__"] = x` sets the prototype. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}

/** Lists too: their indices are their keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
