/** Patterns that make a backtracking engine take exponential or quadratic time, with their subjects. */
export interface HostilePattern {
  readonly pattern: string;
  /** A subject of so many characters that keeps the pattern busy to its end. */
  readonly subject: (length: number) => string;
}

const almost = (length: number) => `${"a".repeat(length - 1)}!`;
const letters = (length: number) => "x".repeat(length);

/** No two parts of it are alike, so that no engine gets by with a few remembered states. */
function mixed(length: number): string {
  let state = 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += state & 0x10000 ? "a" : "b";
  }
  return text;
}

const on = (subject: HostilePattern["subject"], patterns: readonly string[]) =>
  patterns.map((pattern) => ({ pattern, subject }));

export const HOSTILE_PATTERNS: readonly HostilePattern[] = [
  ...on(almost, [
    "(a+)+$",
    "(a|a)*b",
    "(.*)*x",
    "(a|aa)+$",
    "(a*)*$",
    "(a?){30}a{30}$",
    "((a{1,30}){1,30})$",
    "(\\w{1,50}\\s?){1,19}$",
    "a{0,500}a{0,500}b",
    "^(a|b|ab)*c",
    "(.*a){12}$",
    "([a-zA-Z]+)*$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "a*a*a*a*a*a*b",
    "\\s+$|a+$",
  ]),
  ...on(letters, ["(x+x+)+y", "(x+x+)+y$", "^(x|x?)+$y"]),
  ...on(mixed, ["(?:a|b)*a(?:a|b){12}$", "(a|b)*a(a|b){8}b{9}", "(.*)(.*)(.*)(ab){9}$"]),
];

export const SUBJECT_LENGTHS = [1000, 10_000, 100_000] as const;
