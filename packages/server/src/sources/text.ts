import { isUtf8 } from "node:buffer";
import type { Problem } from "@halyard/core";

export type Format = "yaml" | "json";

/** A problem of a text that is still to be given the name of its file. */
export type TextProblem = Omit<Problem, "source">;

/** 1-based; columns count UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The text of a file, without a byte order mark; or why it is none. */
export function decode(bytes: Uint8Array): { text: string } | { problem: TextProblem } {
  if (isUtf8(bytes)) return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const message = `is not UTF-8${isUtf16 ? " but looks like UTF-16" : ""}; save the file as UTF-8`;
  return { problem: { path: "", message, ...positionAt(...invalidAt(bytes)) } };
}

/** The text as far as it can be read, and the offset of its first invalid character. */
function invalidAt(bytes: Uint8Array): [text: string, offset: number] {
  const text = new TextDecoder().decode(bytes);
  const skipped = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let at = text.indexOf("\uFFFD");
  let byte = skipped + Buffer.byteLength(text.slice(0, Math.max(at, 0)));
  // The replacement character may itself have been written, as EF BF BD.
  while (at >= 0 && bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd) {
    const next = text.indexOf("\uFFFD", at + 1);
    byte += Buffer.byteLength(text.slice(at, Math.max(next, at)));
    at = next;
  }
  return [text, Math.max(at, 0)];
}

/** The position of one offset; see {@link LineTable} for many. */
export function positionAt(text: string, offset: number): Position {
  const { lines, start } = readLines(text, 0, offset);
  return { line: 1 + lines, column: offset - start + 1 };
}

/** Of every block of a text: how many lines end before it, and where its first line starts. */
export interface LineIndex {
  readonly lines: readonly number[];
  readonly starts: readonly number[];
}

/** Characters; read through for every position that is asked for. */
const BLOCK = 16_384;

export function indexLines(text: string): LineIndex {
  const index = { lines: [0], starts: [0] };
  let total = 0;
  let first = 0;
  for (let block = BLOCK; block < text.length; block += BLOCK) {
    const { lines, start } = readLines(text, block - BLOCK, block);
    total += lines;
    if (lines > 0) first = start;
    index.lines.push(total);
    index.starts.push(first);
  }
  return index;
}

/** Finds the lines of offsets in a text, without reading through all of it each time. */
export class LineTable {
  readonly #text: string;
  readonly #index: LineIndex;

  constructor(text: string, index: LineIndex = indexLines(text)) {
    this.#text = text;
    this.#index = index;
  }

  positionAt(offset: number): Position {
    const block = Math.min(Math.floor(offset / BLOCK), this.#index.lines.length - 1);
    const { lines, start } = readLines(this.#text, block * BLOCK, offset);
    const before = this.#index.lines[block] ?? 0;
    const first = lines > 0 ? start : (this.#index.starts[block] ?? 0);
    return { line: 1 + before + lines, column: offset - first + 1 };
  }

  /** Offset at which the line that holds this offset starts. */
  startOf(offset: number): number {
    return offset - this.positionAt(offset).column + 1;
  }
}

/** How many lines end in a part of a text, and where the line starts that goes on after it. */
function readLines(text: string, from: number, to: number): { lines: number; start: number } {
  let lines = 0;
  let start = from;
  for (let end = text.indexOf("\n", from); end >= 0 && end < to; end = text.indexOf("\n", start)) {
    lines++;
    start = end + 1;
  }
  return { lines, start };
}

/** What is wrong with a key that an object has had before; offsets are those of the keys. */
export function duplicateKey(
  lines: LineTable,
  key: string,
  path: string,
  offset: number,
  first: number,
): TextProblem {
  const { line } = lines.positionAt(first);
  const message = `the key "${key}" is there twice, first on line ${line}`;
  return { path, message, ...lines.positionAt(offset) };
}
