import { HalyardError } from "../errors.ts";
import type { Page, PageRequest } from "./store.ts";

/** Most items of one page. */
export const MAX_PAGE = 1000;

/** Throws `INVALID_OPTIONS` for a limit that is none. */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return;
  throw new HalyardError("INVALID_OPTIONS", `\`limit\` must be 1 to ${MAX_PAGE}, not ${limit}.`);
}

/** The place of an item in its list, as a text that goes back and forth unchanged. */
export function cursorOf(position: readonly string[]): string {
  return encodeURIComponent(JSON.stringify(position));
}

/** The position of a cursor, of as many parts as it was made of. Throws `INVALID_OPTIONS`. */
export function positionOf(cursor: string, parts: number): readonly string[] {
  try {
    const position: unknown = JSON.parse(decodeURIComponent(cursor));
    if (
      Array.isArray(position) &&
      position.length === parts &&
      position.every((part) => typeof part === "string")
    ) {
      return position;
    }
  } catch {
    // Said below.
  }
  throw new HalyardError("INVALID_OPTIONS", "`cursor` is not one that a page of this list gave.");
}

/** One page of what was asked for with one item more than its limit, to see whether more follow. */
export function pageOf<T>(
  items: readonly T[],
  { limit }: PageRequest,
  position: (item: T) => readonly string[],
): Page<T> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  const more = items.length > limit && last !== undefined;
  return { items: page, cursor: more ? cursorOf(position(last)) : undefined };
}

/** By code units, as stores with binary collation sort: negative when `a` comes first. */
export function comparePositions(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index] ?? "";
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}
