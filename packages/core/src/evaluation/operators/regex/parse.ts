import { NOT_LINE_FEED } from "./code-points.ts";
import type { Assertion, RegexNode } from "./node.ts";
import { parseClass, parseEscape } from "./parse-class.ts";
import { Reader, Stop } from "./reader.ts";

/**
 * Reads a pattern in RE2's syntax as far as the common subset goes. A `problem` is a mistake in
 * any case; `undefined` means that the subset lacks something here and an engine has to decide.
 */
export function parsePattern(
  pattern: string,
): RegexNode | { readonly problem: string } | undefined {
  // Long and deep patterns are rare, and their analysis takes quadratic time.
  if (pattern.length > LONGEST_PATTERN) return undefined;
  const reader = new Reader(pattern);
  try {
    const node = parseAlternatives(reader, 0);
    return reader.ended ? node : { problem: "unexpected )" };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return error.problem === undefined ? undefined : { problem: error.problem };
  }
}

const LONGEST_PATTERN = 500;
const DEEPEST_GROUP = 20;
const MOST_REPEATS = 1000;

const ASSERTIONS: readonly (readonly [written: string, holds: Assertion])[] = [
  ["^", "start"],
  ["$", "end"],
  ["\\A", "start"],
  ["\\z", "end"],
  // Not `\B`: V8 finds it in the middle of a character that is two code units.
  ["\\b", "wordBoundary"],
];

function parseAlternatives(reader: Reader, depth: number): RegexNode {
  const options = [parseSequence(reader, depth)];
  while (reader.skip("|")) options.push(parseSequence(reader, depth));
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: "alternatives", options };
}

function parseSequence(reader: Reader, depth: number): RegexNode {
  const items: RegexNode[] = [];
  while (!reader.ended && !reader.sees("|") && !reader.sees(")")) {
    if (parseCount(reader) !== undefined) throw new Stop("nothing to repeat");
    items.push(parseRepeated(reader, depth));
  }
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "sequence", items };
}

function parseRepeated(reader: Reader, depth: number): RegexNode {
  const item = parseItem(reader, depth);
  const count = parseCount(reader);
  if (count === undefined) return item;
  reader.skip("?");
  if (parseCount(reader) !== undefined) throw new Stop("a repetition of a repetition");
  return { kind: "repeat", item, ...count };
}

function parseItem(reader: Reader, depth: number): RegexNode {
  for (const [written, holds] of ASSERTIONS) {
    if (reader.skip(written)) return { kind: "assertion", holds };
  }
  if (reader.skip("(")) return parseGroup(reader, depth + 1);
  if (reader.skip("[")) return { kind: "set", set: parseClass(reader) };
  if (reader.skip("\\")) return { kind: "set", set: parseEscape(reader) };
  if (reader.skip(".")) return { kind: "set", set: NOT_LINE_FEED };
  const codePoint = reader.next();
  return { kind: "set", set: [codePoint, codePoint] };
}

/** Nothing reads what groups capture, so they only group. */
function parseGroup(reader: Reader, depth: number): RegexNode {
  // Names and flags.
  if (!reader.skip("?:") && reader.sees("?")) throw new Stop();
  if (depth > DEEPEST_GROUP) throw new Stop();
  const node = parseAlternatives(reader, depth);
  if (!reader.skip(")")) throw new Stop("missing closing )");
  return node;
}

function parseCount(reader: Reader): { min: number; max: number } | undefined {
  if (reader.skip("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
  if (reader.skip("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
  if (reader.skip("?")) return { min: 0, max: 1 };
  // A brace that does not enclose a count is itself.
  const braces = reader.match(/\{(\d+)(,?)(\d*)\}/y);
  if (braces === null) return undefined;
  const [, least = "", comma, most = ""] = braces;
  // RE2 reads `{01}` as text.
  if (/^0\d/.test(least) || /^0\d/.test(most)) throw new Stop();
  const min = Number(least);
  const max = most === "" ? (comma === "" ? min : Number.POSITIVE_INFINITY) : Number(most);
  if (min > MOST_REPEATS || (most !== "" && max > MOST_REPEATS) || min > max) {
    throw new Stop("invalid number of repetitions");
  }
  return { min, max };
}
