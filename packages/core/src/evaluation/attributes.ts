import { isPlainObject, isScalar, type Scalar } from "../json.ts";
import { type AnyContext, isLazy } from "./context.ts";
import { murmur3 } from "./hash/murmur3.ts";
import { type AttributeValue, OBJECT, type View } from "./operators/operator.ts";

/** What reading an attribute gives that is there, but no such thing as the view asks for. */
export const UNFIT: unique symbol = Symbol("unfit");

/** The attribute as it is: the view of operators that ask for none. */
export const RAW: View<AttributeValue> = { name: "raw", parse: (value) => value };

/** The unit of a rollout, hashed once per subject; as a signed integer, which V8 does not box. */
export const UNIT: View<number> = {
  name: "unit",
  parse: (value) => {
    const unit = unitOf(value);
    return unit === undefined ? null : murmur3(unit) | 0;
  },
};

/** The string that is hashed for a value; `undefined` when it can't be a unit or an id. */
export function unitOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

interface Path {
  readonly path: string;
  readonly steps: readonly string[];
  /** A string there is a list of one. */
  readonly isList: boolean;
}

interface Slot extends Path {
  readonly view: View<unknown>;
}

/**
 * Numbers the (attribute, view) pairs that the flags of an instance read, so that a subject keeps
 * what it has read in an array: a clause costs an index, not a property lookup and a parse.
 */
export class SlotTable {
  readonly #slots: Slot[] = [];
  readonly #indexes = new Map<View<unknown>, Map<string, number>>();

  get size(): number {
    return this.#slots.length;
  }

  /** The slot of an attribute's path in a view; always the same one for the same pair. */
  slot(path: string, view: View<unknown>): number {
    let byPath = this.#indexes.get(view);
    if (byPath === undefined) {
      byPath = new Map();
      this.#indexes.set(view, byPath);
    }
    let index = byPath.get(path);
    if (index === undefined) {
      index = this.#slots.length;
      this.#slots.push({ ...pathOf(path), view });
      byPath.set(path, index);
    }
    return index;
  }

  /** The attributes' paths that are read in a view. */
  paths(view: View<unknown>): Iterable<string> {
    return this.#indexes.get(view)?.keys() ?? [];
  }

  /**
   * The value of a slot for a context, in its view, or {@link UNFIT}; `null` when it is missing:
   * every clause asks for that, and a comparison with any other value of ours is a call.
   */
  read(index: number, context: AnyContext): unknown {
    const slot = this.#slots[index];
    if (slot === undefined) return null;
    // A context belongs to the application: its getters and proxies may throw. What can't be
    // read is missing.
    try {
      const value = attributeValue(lookUp(context, slot), slot);
      if (value === undefined) return null;
      return slot.view === RAW ? value : (slot.view.parse(value) ?? UNFIT);
    } catch {
      return null;
    }
  }
}

/** One attribute of a context, as clauses see it; `undefined` when it is missing. */
export function readAttribute(context: AnyContext, path: string): AttributeValue | undefined {
  try {
    const parsed = pathOf(path);
    return attributeValue(lookUp(context, parsed), parsed);
  } catch {
    return undefined;
  }
}

/** The own property with the whole path as its name, or else the one that the path leads to. */
function lookUp(context: AnyContext, { path, steps }: Path): unknown {
  const whole = ownValue(context, path);
  if (whole !== undefined || steps.length === 0) return whole;
  let value = ownValue(context, steps[0] as string);
  for (let index = 1; index < steps.length; index++) {
    const step = steps[index] as string;
    if (!isPlainObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** An own property of a context, which may be a path as it stands; `null` is a missing one. */
export function ownValue(context: AnyContext, name: string): unknown {
  if (isLazy(context)) return context.attribute(name);
  // A null with the whole path as its name is the answer: missing.
  return Object.hasOwn(context, name) ? (context[name] ?? null) : undefined;
}

const LISTS: ReadonlySet<string> = new Set(["groups", "roles", "perms"]);

function pathOf(path: string): Path {
  return { path, steps: path.includes(".") ? path.split(".") : [], isList: LISTS.has(path) };
}

function attributeValue(value: unknown, { isList }: Path): AttributeValue | undefined {
  if (typeof value === "string") return isList ? [value] : value;
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.filter((item): item is Scalar => isScalar(item));
  if (value instanceof Date) {
    const time = value.getTime();
    return Number.isNaN(time) ? undefined : time;
  }
  return isPlainObject(value) ? OBJECT : undefined;
}
