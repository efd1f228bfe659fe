export type Context = Record<string, unknown>;

/** Own property with the whole name, else a walk along the dots through plain objects. */
export function attribute(context: Context, path: string): unknown {
  if (Object.hasOwn(context, path)) return topLevel(path, context[path]);
  const steps = path.split(".");
  if (steps.length === 1) return undefined;
  let value: unknown = context;
  for (const step of steps) {
    if (!isPlain(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return known(value);
}

function topLevel(name: string, value: unknown): unknown {
  if (["groups", "roles", "perms"].includes(name) && typeof value === "string") return [value];
  return known(value);
}

/** `undefined` for what counts as missing. */
function known(value: unknown): unknown {
  if (value instanceof Date) return known(value.getTime());
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (Array.isArray(value) || isPlain(value)) return value;
  return undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** What is bucketed, as a string; `undefined` for none. */
export function unit(context: Context, by: string): string | undefined {
  const value = attribute(context, by);
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
