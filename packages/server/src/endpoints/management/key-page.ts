import { compareTexts, cursorOf, type Page, positionOf } from "@halyard/core";

/** A page of keys, in order. The cursor is the last one seen: pages stay right while keys come and go. */
export function pageOfKeys(
  keys: readonly string[],
  { limit = 100, cursor }: { readonly limit?: unknown; readonly cursor?: unknown },
): Page<string> {
  const [after] = cursor === undefined ? [] : positionOf(String(cursor), 1);
  const left = keys
    .filter((key) => after === undefined || compareTexts(key, after) > 0)
    .sort(compareTexts);
  const items = left.slice(0, Number(limit));
  const last = items.at(-1);
  const more = left.length > items.length && last !== undefined;
  return { items, cursor: more ? cursorOf([last]) : undefined };
}
