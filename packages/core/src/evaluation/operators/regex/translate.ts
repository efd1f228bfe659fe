import { type CodePoints, complement, LAST_CODE_POINT } from "./code-points.ts";
import type { Assertion, RegexNode } from "./node.ts";

/**
 * The source of a JavaScript regex that, with the flag `u`, tests what the pattern tests in RE2.
 * Classes are spelt out: JavaScript's own `.`, `\s` and the like differ.
 */
export function toJavaScript(node: RegexNode): string {
  switch (node.kind) {
    case "set":
      return setSource(node.set);
    case "assertion":
      return ASSERTION_SOURCES[node.holds];
    case "sequence":
      return node.items
        .map((item) => (item.kind === "alternatives" ? grouped(item) : toJavaScript(item)))
        .join("");
    case "alternatives":
      return node.options.map(toJavaScript).join("|");
    case "repeat": {
      const { item, min, max } = node;
      if (max === 0) return "(?:)";
      const most = max === Number.POSITIVE_INFINITY ? "" : max;
      return `${item.kind === "set" ? toJavaScript(item) : grouped(item)}{${min},${most}}`;
    }
  }
}

const ASSERTION_SOURCES: Readonly<Record<Assertion, string>> = {
  start: "^",
  end: "$",
  wordBoundary: "\\b",
};

function grouped(node: RegexNode): string {
  return `(?:${toJavaScript(node)})`;
}

function setSource(set: CodePoints): string {
  if (set.length === 2 && set[0] === set[1]) return character(set[0] as number);
  // Negated classes stay so: spelt out, they would be long, and slower.
  if (set[0] === 0 && set.at(-1) === LAST_CODE_POINT) return `[^${ranges(complement(set))}]`;
  return `[${ranges(set)}]`;
}

function ranges(set: CodePoints): string {
  let source = "";
  for (let index = 0; index < set.length; index += 2) {
    const first = set[index] as number;
    const last = set[index + 1] as number;
    source += first === last ? character(first) : `${character(first)}-${character(last)}`;
  }
  return source;
}

function character(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  return /[0-9A-Za-z]/.test(text) ? text : `\\u{${codePoint.toString(16)}}`;
}
