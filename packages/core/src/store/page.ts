import { HalyardError } from "../errors.ts";
import type { Page, PageRequest } from "./store.ts";

/** Most items of one page. */
export const MAX_PAGE = 1000;

/** Longest cursor that is looked at: longer than any that {@link cursorOf} makes. */
const MAX_CURSOR = 32_768;

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
    const position: unknown = cursor.length <= MAX_CURSOR && JSON.parse(decodeURIComponent(cursor));
    if (Array.isArray(position) && position.length === parts && position.every(isPart)) {
      return position;
    }
  } catch {
    // Said below.
  }
  throw new HalyardError("INVALID_OPTIONS", "`cursor` is not one that a page of this list gave.");
}

/** Databases can't be asked for anything else. */
function isPart(part: unknown): part is string {
  return typeof part === "string" && part.isWellFormed() && !part.includes("\0");
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

/** Negative when `a` comes first, part by part in the order of {@link compareTexts}. */
export function comparePositions(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const order = compareTexts(part, b[index] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** By code points, which is the order of the bytes in UTF-8: that of binary collations. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [a.charCodeAt(index), b.charCodeAt(index)];
    // Surrogates are for code points above all that have one code unit.
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

function rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}

/** A page of a list that is all here, in any order, by the positions of its items. */
export function pageOfAll<T>(
  items: readonly T[],
  page: PageRequest,
  parts: number,
  position: (item: T) => readonly string[],
): Page<T> {
  checkLimit(page.limit);
  const after = page.cursor === undefined ? undefined : positionOf(page.cursor, parts);
  const left = items
    .map((item) => ({ item, at: position(item) }))
    .filter(({ at }) => after === undefined || comparePositions(at, after) > 0)
    .sort((a, b) => comparePositions(a.at, b.at));
  return pageOf(
    left.map(({ item }) => item),
    page,
    position,
  );
}
