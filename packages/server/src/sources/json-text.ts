import { OUTLINED, type Outline, pointerOf } from "./outline.ts";

/** Deeper than any document of flags; also keeps recursion within the stack. */
const MAX_DEPTH = 100;

/** What is wrong with a text as JSON, where `JSON.parse` would say it without its place. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A key that an object of the text has had before. */
export interface DuplicateKey {
  readonly key: string;
  readonly path: string;
  readonly offset: number;
  readonly firstOffset: number;
}

/**
 * Reads through a JSON text once and gives the keys that occur twice in an object, which
 * `JSON.parse` passes over. Throws a {@link JsonSyntaxError} when the text is no JSON.
 */
export function findDuplicateKeys(text: string): DuplicateKey[] {
  const scanner = new Scanner(text);
  scanner.document();
  return scanner.duplicates;
}

class Scanner {
  readonly duplicates: DuplicateKey[] = [];
  readonly #text: string;
  readonly #place: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#next();
    if (this.#at < this.#text.length) this.#fail("unexpected text after the end of the document");
  }

  #value(): void {
    const code = this.#next();
    if (code === OPEN_BRACE) this.#object();
    else if (code === OPEN_BRACKET) this.#array();
    else if (code === QUOTE) this.#string();
    else this.#literal();
  }

  #object(): void {
    this.#enter();
    const offsets = new Map<string, number>();
    if (this.#next() !== CLOSE_BRACE) {
      do {
        if (this.#next() !== QUOTE) this.#fail("expected a key in double quotes");
        const offset = this.#at;
        const key = this.#string();
        if (this.#next() !== COLON) this.#fail("expected ':' after a key");
        this.#at++;
        this.#place.push(key);
        const firstOffset = offsets.get(key);
        if (firstOffset === undefined) offsets.set(key, offset);
        else this.duplicates.push({ key, path: pointerOf(this.#place), offset, firstOffset });
        this.#value();
        this.#place.pop();
      } while (this.#comma());
    }
    if (this.#next() !== CLOSE_BRACE) this.#fail("expected ',' or '}' after a value");
    this.#at++;
  }

  #array(): void {
    this.#enter();
    let index = 0;
    if (this.#next() !== CLOSE_BRACKET) {
      do {
        this.#place.push(index++);
        this.#value();
        this.#place.pop();
      } while (this.#comma());
    }
    if (this.#next() !== CLOSE_BRACKET) this.#fail("expected ',' or ']' after a value");
    this.#at++;
  }

  #enter(): void {
    if (this.#place.length >= MAX_DEPTH) this.#fail(`nests deeper than ${MAX_DEPTH} levels`);
    this.#at++;
  }

  #comma(): boolean {
    if (this.#next() !== COMMA) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    const end = endOfString(text, start);
    if (end < 0) this.#fail("a string is not closed");
    const raw = text.slice(start + 1, end - 1);
    this.#at = end;
    if (!SPECIAL.test(raw)) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      this.#at = start;
      return this.#fail(
        "a string has an invalid escape, or a line break or tab that is not escaped",
      );
    }
  }

  #literal(): void {
    LITERAL.lastIndex = this.#at;
    const match = LITERAL.exec(this.#text);
    if (match === null) this.#fail(this.#unexpected());
    else this.#at += match[0].length;
  }

  #unexpected(): string {
    const found = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const hint = found === "/" || found === "#" ? "; JSON has no comments" : "";
    const comma = found === "}" || found === "]" ? "; is there a comma before it?" : "";
    return `expected a value, not \`${found}\`${hint}${comma}`;
  }

  /** The code of the next character that is no white space; NaN at the end. */
  #next(): number {
    this.#at = skipSpace(this.#text, this.#at);
    return this.#text.charCodeAt(this.#at);
  }

  #fail(message: string): never {
    const ended = this.#at >= this.#text.length;
    throw new JsonSyntaxError(ended ? "the text ends too early" : message, this.#at);
  }
}

/**
 * Offset of what a path leads to, as far as it exists: of the key for an entry of an object.
 * `entry` is where the search starts, `value` where the value of that entry starts.
 */
export function findInJson(
  text: string,
  tokens: readonly string[],
  entry: number = skipSpace(text, 0),
  value: number = entry,
): number {
  let found = entry;
  let at = skipSpace(text, value);
  for (const token of tokens) {
    const next = findEntry(text, at, token);
    if (next === undefined) break;
    found = next.start;
    at = next.value;
  }
  return found;
}

/** Offset of the value of an entry of an object, given where its key starts. */
export function valueAfterKey(text: string, key: number): number {
  return skipSpace(text, skipSpace(text, endOfString(text, key)) + 1);
}

/** The outline of a JSON text that `JSON.parse` takes. */
export function outlineJson(text: string, start = 0): Outline {
  const open = skipSpace(text, start);
  const keys: string[] | undefined = text.charCodeAt(open) === OPEN_BRACE ? [] : undefined;
  const starts: number[] = [];
  const inner = new Map<number, Outline>();
  let end = open;
  for (const entry of entriesAt(text, open)) {
    if (entry.end - entry.value > OUTLINED)
      inner.set(starts.length, outlineJson(text, entry.value));
    keys?.push(String(entry.key));
    starts.push(entry.start);
    end = entry.end;
  }
  return { ...(keys === undefined ? {} : { keys }), starts, end, inner };
}

interface Entry {
  readonly key: string | number;
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

function findEntry(text: string, at: number, token: string): Entry | undefined {
  for (const entry of entriesAt(text, at)) if (String(entry.key) === token) return entry;
  return undefined;
}

/** The entries of the object or list at an offset; none for anything else. */
function* entriesAt(text: string, at: number): Generator<Entry, void, void> {
  const isObject = text.charCodeAt(at) === OPEN_BRACE;
  if (!isObject && text.charCodeAt(at) !== OPEN_BRACKET) return;
  let start = skipSpace(text, at + 1);
  for (let index = 0; start < text.length; index++) {
    const code = text.charCodeAt(start);
    if (code === CLOSE_BRACE || code === CLOSE_BRACKET) return;
    let key: string | number = index;
    let value = start;
    if (isObject) {
      key = JSON.parse(text.slice(start, endOfString(text, start))) as string;
      value = valueAfterKey(text, start);
    }
    const end = skipValue(text, value);
    yield { key, start, value, end };
    start = skipSpace(text, end);
    if (text.charCodeAt(start) === COMMA) start = skipSpace(text, start + 1);
  }
}

function skipValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) - 1;
      if (at < 0) return text.length;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth--;
    } else if (code !== COMMA || depth > 0) continue;
    else return at;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Offset after the closing quote of the string that opens at an offset; -1 when none closes it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at + 1;
  }
  return -1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings
const SPECIAL = /[\\\u0000-\u001f]/;

const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
