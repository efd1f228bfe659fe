import {
  type CodePoints,
  complement,
  DIGITS,
  LAST_CODE_POINT,
  union,
  WHITE_SPACE,
  WORD_CHARACTERS,
} from "./code-points.ts";
import { isSurrogate, type Reader, Stop } from "./reader.ts";

const PERL_CLASSES: ReadonlyMap<string, CodePoints> = new Map([
  ["d", DIGITS],
  ["D", complement(DIGITS)],
  ["s", WHITE_SPACE],
  ["S", complement(WHITE_SPACE)],
  ["w", WORD_CHARACTERS],
  ["W", complement(WORD_CHARACTERS)],
]);

const CONTROL_CHARACTERS: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["v", 0x0b],
]);

const PERL_CLASS = /[dDsSwW]/y;
const CONTROL_CHARACTER = /[afnrtv]/y;
const HEXADECIMAL = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y;
// Without `_`, which RE2 and its ports disagree on.
const PUNCTUATION = /[ !-/:-@[-^`{-~]/y;

/** What an escape matches, the backslash already read. */
export function parseEscape(reader: Reader): CodePoints {
  const perl = reader.match(PERL_CLASS);
  if (perl !== null) return PERL_CLASSES.get(perl[0]) ?? [];
  const codePoint = parseEscapedCharacter(reader);
  return [codePoint, codePoint];
}

function parseEscapedCharacter(reader: Reader): number {
  if (reader.ended) throw new Stop("trailing backslash");
  const control = reader.match(CONTROL_CHARACTER);
  if (control !== null) return CONTROL_CHARACTERS.get(control[0]) ?? 0;
  const hexadecimal = reader.match(HEXADECIMAL);
  if (hexadecimal !== null) {
    const codePoint = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? "", 16);
    if (codePoint > LAST_CODE_POINT || isSurrogate(codePoint)) throw new Stop();
    return codePoint;
  }
  const punctuation = reader.match(PUNCTUATION);
  if (punctuation !== null) return punctuation[0].charCodeAt(0);
  throw new Stop();
}

/** A class, its `[` already read, up to and with its `]`. */
export function parseClass(reader: Reader): CodePoints {
  const negated = reader.skip("^");
  const sets: CodePoints[] = [];
  // A `]` is itself when it is the first.
  while (sets.length === 0 || !reader.sees("]")) {
    if (reader.ended) throw new Stop("missing closing ]");
    // Classes such as [:alpha:].
    if (reader.sees("[:")) throw new Stop();
    sets.push(parseClassItem(reader));
  }
  reader.skip("]");
  const set = union(...sets);
  return negated ? complement(set) : set;
}

function parseClassItem(reader: Reader): CodePoints {
  if (reader.skip("\\")) {
    const perl = reader.match(PERL_CLASS);
    if (perl !== null) return PERL_CLASSES.get(perl[0]) ?? [];
    return parseRange(reader, parseEscapedCharacter(reader));
  }
  return parseRange(reader, reader.next());
}

/** A range that starts at `first`, which may be all of it: a `-` before `]` is itself. */
function parseRange(reader: Reader, first: number): CodePoints {
  if (!reader.sees("-") || reader.sees("-]")) return [first, first];
  reader.skip("-");
  if (reader.ended) throw new Stop("missing closing ]");
  const last = reader.skip("\\") ? parseEscapedCharacter(reader) : reader.next();
  if (last < first) throw new Stop("invalid range in a class");
  return [first, last];
}
