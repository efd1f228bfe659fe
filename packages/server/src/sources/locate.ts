import { type Event, parseEvents } from "js-yaml";
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
  let reading: Reading | undefined;
  return (pointer) => {
    if (reading === undefined) {
      const decoded = decode(bytes);
      if ("problem" in decoded) return undefined;
      reading = new Reading(decoded.text, format, layout);
      // All problems of a load are located in one go; afterwards the text is not needed.
      setImmediate(() => {
        reading = undefined;
      }).unref();
    }
    return reading.locate(tokensOf(pointer));
  };
}

/** A text for as long as positions are looked for in it. */
class Reading {
  readonly #text: string;
  readonly #format: Format;
  readonly #outline: Outline | undefined;
  readonly #lines: LineTable;
  #events: readonly Event[] | undefined;

  constructor(text: string, format: Format, layout: Layout | undefined) {
    this.#text = text;
    this.#format = format;
    this.#outline = layout?.outline;
    this.#lines = new LineTable(text, layout?.lines);
  }

  locate(tokens: readonly string[]): Position | undefined {
    const offset =
      this.#outline === undefined
        ? this.#findInWhole(tokens)
        : (this.#findInOutline(this.#outline, tokens) ?? this.#outline.starts[0]);
    return offset === undefined ? undefined : this.#lines.positionAt(offset);
  }

  #findInWhole(tokens: readonly string[]): number | undefined {
    if (this.#format === "json") return findInJson(this.#text, tokens);
    this.#events ??= eventsOf(this.#text);
    return findInYaml(this.#text, tokens, this.#events);
  }

  #findInOutline(outline: Outline, tokens: readonly string[]): number | undefined {
    const [token, ...rest] = tokens;
    const index = token === undefined ? -1 : entryOf(outline, token);
    const start = outline.starts[index];
    if (token === undefined || start === undefined) return undefined;
    const inner = outline.inner.get(index);
    if (inner !== undefined) return this.#findInOutline(inner, rest) ?? start;
    if (rest.length === 0) return start;
    const isEntry = outline.keys !== undefined;
    if (this.#format === "json") {
      const value = isEntry ? valueAfterKey(this.#text, start) : start;
      return findInJson(this.#text, rest, start, value);
    }
    const end = outline.starts[index + 1] ?? outline.end;
    return this.#findInPiece(start, end, isEntry ? [token, ...rest] : rest);
  }

  /** Looks into one entry of a large block mapping or sequence, parsed for itself. */
  #findInPiece(start: number, end: number, tokens: readonly string[]): number {
    // What follows begins on a line of its own, after its dash and indentation.
    const last = end === this.#text.length ? end : this.#lines.startOf(end);
    const indentation = start - this.#lines.startOf(start);
    const piece = " ".repeat(indentation) + this.#text.slice(start, last);
    const offset = findInYaml(piece, tokens, eventsOf(piece));
    return offset === undefined ? start : start - indentation + offset;
  }
}

/** None for a piece in flow style, or with tags that the text declares: it is no document. */
function eventsOf(text: string): readonly Event[] {
  try {
    return parseEvents(text, {});
  } catch {
    return [];
  }
}
