import type { JsonValue } from "@halyard/core";
import { setOwn } from "../sources/share.ts";
import type { PrivateNames } from "./private-names.ts";

/** How deep what is tracked may nest; also what stops cyclic objects. */
const MAX_DEPTH = 16;

/**
 * A copy of what JSON would write of a value, without properties that are private; `undefined` when
 * there is nothing to write, or when it would be longer than `size` characters, nests too deep, or
 * can't be read. Looks at no more than fits.
 */
export function boundedCopy(
  value: unknown,
  size: number,
  hidden: PrivateNames,
): JsonValue | undefined {
  let left = size;
  const spend = (characters: number): void => {
    left -= characters;
    if (left < 0) throw new TooLarge();
  };
  /** As JSON writes it: what has to be escaped is longer. */
  const spendText = (text: string): void => {
    if (text.length > left) throw new TooLarge();
    spend(JSON.stringify(text).length);
  };
  const copy = (original: unknown, depth: number, path: string): JsonValue | undefined => {
    if (depth > MAX_DEPTH || ArrayBuffer.isView(original)) throw new TooLarge();
    spend(1);
    switch (typeof original) {
      case "string":
        spendText(original);
        return original;
      case "number":
        spend(String(original).length);
        return Number.isFinite(original) ? original : null;
      case "boolean":
        return original;
      case "bigint":
        return copy(String(original), depth, path);
      case "object":
        break;
      default:
        return undefined;
    }
    if (original === null) return null;
    const { toJSON } = original as { readonly toJSON?: unknown };
    if (typeof toJSON === "function") return copy(toJSON.call(original, ""), depth + 1, path);
    if (Array.isArray(original)) {
      // Every item costs at least a comma.
      if (original.length > left) throw new TooLarge();
      return Array.from(original, (item) => copy(item, depth + 1, path) ?? null);
    }
    const copied: Record<string, JsonValue> = {};
    for (const name of Object.keys(original)) {
      spendText(name);
      const within = `${path}.${name}`;
      if (hidden.endsAt(within)) continue;
      const inner = copy((original as Record<string, unknown>)[name], depth + 1, within);
      if (inner !== undefined) setOwn(copied, name, inner);
    }
    return copied;
  };
  try {
    return copy(value, 0, "");
  } catch {
    return undefined;
  }
}

class TooLarge extends Error {}
