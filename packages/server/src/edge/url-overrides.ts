import { type Flag, isKey, type JsonValue } from "@halyard/core";

/** Most overrides of one request. */
const MAX_URL_OVERRIDES = 20;

/** Longest value, in characters. */
const MAX_VALUE = 256;

/** Longest value of the cookie, in characters. */
const MAX_COOKIE = 2000;

/** Why a parameter is not heeded. */
type UrlFlaw = "malformed" | "given_twice" | "too_long" | "too_many";

/** Flag's key → text; an empty one takes back what was kept. */
export type UrlOverrides = ReadonlyMap<string, string>;

interface Read {
  readonly overrides: UrlOverrides;
  readonly flaws: ReadonlySet<UrlFlaw>;
}

const CONTROL = /\p{Cc}/u;

/** The overrides in a query, whose names begin with `prefix`; `""` for the text of a cookie. */
export function readUrlOverrides(query: string, prefix: string): Read {
  const overrides = new Map<string, string>();
  const flaws = new Set<UrlFlaw>();
  const twice = new Set<string>();
  for (const pair of query.split("&")) {
    if (pair === "" || !pair.startsWith(prefix)) continue;
    const equals = pair.indexOf("=");
    const key = equals < 0 ? undefined : decoded(pair.slice(prefix.length, equals));
    const value = decoded(pair.slice(equals + 1));
    if (key === undefined || value === undefined || !isKey(key) || CONTROL.test(value)) {
      flaws.add("malformed");
    } else if (value.length > MAX_VALUE) flaws.add("too_long");
    else if (overrides.has(key) || twice.has(key)) {
      // Which of them is meant, nobody knows: proxies and frameworks differ.
      overrides.delete(key);
      twice.add(key);
      flaws.add("given_twice");
    } else if (overrides.size >= MAX_URL_OVERRIDES) flaws.add("too_many");
    else overrides.set(key, value);
  }
  return { overrides, flaws };
}

/**
 * What a request has of both: the query's first, and no more than a cookie takes, so that what serves
 * now is what is kept.
 */
export function joinUrlOverrides(query: UrlOverrides, kept: UrlOverrides): Read {
  const overrides = new Map<string, string>();
  const flaws = new Set<UrlFlaw>();
  let length = 0;
  const others = [...kept].filter(([key]) => !query.has(key));
  for (const pair of [...query, ...others]) {
    if (pair[1] === "") continue;
    length += pairOf(pair).length + 1;
    if (overrides.size < MAX_URL_OVERRIDES && length <= MAX_COOKIE) overrides.set(...pair);
    else flaws.add("too_many");
  }
  return { overrides, flaws };
}

/** The text of the cookie. */
export function writeUrlOverrides(overrides: UrlOverrides): string {
  return [...overrides].map(pairOf).join("&");
}

function pairOf([key, value]: readonly [key: string, value: string]): string {
  return `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["off", false],
]);

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

/** What a text means for a flag. Where it means nothing: the text, which is of the wrong type. */
export function valueOfUrlText(text: string, { type, variants }: Flag): JsonValue | undefined {
  const word = type === "boolean" ? WORDS.get(text.toLowerCase()) : undefined;
  if (word !== undefined) return word;
  const variant = variants?.find(({ name }) => name === text);
  if (variant !== undefined) return variant.value;
  // What strangers write is not to reach code that takes it for the team's own structure.
  if (type === "json") return undefined;
  const isNumber = (type === "number" || type === "integer") && NUMBER.test(text);
  return isNumber ? Number(text) : text;
}
