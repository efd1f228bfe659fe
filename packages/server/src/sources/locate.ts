import { findInJson, valueAfterKey } from "./json-text.ts";
import { entryOf, type Layout, type Outline, tokensOf } from "./outline.ts";
import { decode, type Format, LineTable, type Position } from "./text.ts";
import { findInYaml } from "./yaml-text.ts";

/**
 * Finds the positions of JSON Pointers in a text: of the key for an entry of an object; of the
 * nearest parent that exists when there is no such value. Keeps the file's bytes, nothing else,
 * until it is asked.
 */
export function createLocator(
  bytes: Uint8Array,
  format: Format,
  layout: Layout | undefined,
): (pointer: string) => Position | undefined {
  let prepared: { text: string; lines: LineTable } | undefined;
  const prepare = () => {
    const decoded = decode(bytes);
    if ("problem" in decoded) return undefined;
    // All problems of a load are located in one go; afterwards the text is not needed.
    setImmediate(() => {
      prepared = undefined;
    }).unref();
    return { text: decoded.text, lines: new LineTable(decoded.text, layout?.lines) };
  };
  return (pointer) => {
    prepared ??= prepare();
    if (prepared === undefined) return undefined;
    const { text, lines } = prepared;
    const offset = find(text, lines, format, layout?.outline, tokensOf(pointer));
    return offset === undefined ? undefined : lines.positionAt(offset);
  };
}

function find(
  text: string,
  lines: LineTable,
  format: Format,
  outline: Outline | undefined,
  tokens: readonly string[],
): number | undefined {
  let found: number | undefined;
  let level = outline;
  for (const [depth, token] of tokens.entries()) {
    if (level === undefined) break;
    const index = entryOf(level, token);
    const start = level.starts[index];
    if (start === undefined) return found ?? findWhole(text, format, []);
    const inner = level.inner.get(index);
    if (inner === undefined) {
      const rest = tokens.slice(depth + 1);
      if (rest.length === 0) return start;
      const isEntry = level.keys !== undefined;
      if (format === "json") {
        return findInJson(text, rest, start, isEntry ? valueAfterKey(text, start) : start);
      }
      const end = level.starts[index + 1] ?? level.end;
      return findInPiece(text, lines, { start, end }, isEntry ? [token, ...rest] : rest);
    }
    found = start;
    level = inner;
  }
  return found ?? findWhole(text, format, tokens);
}

function findWhole(text: string, format: Format, tokens: readonly string[]): number | undefined {
  return format === "json" ? findInJson(text, tokens) : findOrFail(() => findInYaml(text, tokens));
}

/** Looks into one entry of a large block mapping or sequence, parsed for itself. */
function findInPiece(
  text: string,
  lines: LineTable,
  { start, end }: { start: number; end: number },
  tokens: readonly string[],
): number {
  // What follows begins on a line of its own, after its dash and indentation.
  const piece = text.slice(start, end === text.length ? end : lines.startOf(end));
  const indentation = start - lines.startOf(start);
  const padded = " ".repeat(indentation) + piece;
  const offset = findOrFail(() => findInYaml(padded, tokens));
  return offset === undefined ? start : start - indentation + offset;
}

/** A piece in flow style, or with tags of its own, is no document: its start is near enough. */
function findOrFail(search: () => number | undefined): number | undefined {
  try {
    return search();
  } catch {
    return undefined;
  }
}
