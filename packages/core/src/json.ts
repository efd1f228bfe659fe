import { HalyardError } from "./errors.ts";

/** Any value that JSON can carry. Read-only: values of flags are shared and frozen. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** The scalars that clauses and targets compare. */
export type Scalar = string | number | boolean;

/**
 * An object made by `{}`, `JSON.parse` or `Object.create(null)`: never a class instance or a
 * list. Asks for a root prototype, not for this realm's `Object.prototype`: test runners and
 * worker threads hand over objects of other realms.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value));
}

export function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}

/** How deep a value, a condition or a group of flags may nest. Also what stops cyclic objects. */
export const MAX_DEPTH = 64;

/**
 * Freezes a JSON value deeply, in place, and returns it; `undefined` when the value is not JSON
 * (functions, NaN, class instances, cycles, nesting beyond {@link MAX_DEPTH}).
 */
export function freezeJson(value: unknown, depth = 0): JsonValue | undefined {
  if (value === null || isScalar(value)) return value;
  if (depth >= MAX_DEPTH || typeof value !== "object") return undefined;
  if (!Array.isArray(value) && !isPlainObject(value)) return undefined;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (freezeJson(inner, depth + 1) === undefined) return undefined;
  }
  return Object.freeze(value) as JsonValue;
}

/** What a copy may hold at most: far more than any set of flags, far less than a cycle unrolled. */
const MAX_COPIED_VALUES = 5_000_000;
const MAX_COPIED_DEPTH = 256;

/**
 * A copy of a definition as the application wrote it: of its lists and plain objects; whatever
 * else they hold is kept, for the loader to refuse. Throws `INVALID_DEFINITIONS` for what is too
 * deep or too large, as a cyclic value is.
 */
export function copyPlain(value: unknown): unknown {
  let left = MAX_COPIED_VALUES;
  const copy = (original: unknown, depth: number): unknown => {
    left--;
    if (left < 0 || depth > MAX_COPIED_DEPTH) {
      const message = `The definitions nest deeper than ${MAX_COPIED_DEPTH} levels or hold more than ${MAX_COPIED_VALUES} values. Are they cyclic?`;
      throw new HalyardError("INVALID_DEFINITIONS", message, { problems: [{ path: "", message }] });
    }
    if (Array.isArray(original)) return original.map((item) => copy(item, depth + 1));
    if (!isPlainObject(original)) return original;
    const copied: Record<string, unknown> = {};
    for (const key of Object.keys(original)) setOwn(copied, key, copy(original[key], depth + 1));
    return copied;
  };
  return copy(value, 0);
}

/** Assigns an own property whatever its name: `copy["__proto__"] = x` would set the prototype. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else {
    target[key] = value;
  }
}

/** Structural equality of two JSON values; the order of keys does not matter. */
export function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false;
    return a.every((item, index) => jsonEqual(item, b[index] as JsonValue));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && jsonEqual(a[key] as JsonValue, b[key] as JsonValue),
  );
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
