import type { Tape } from "./tape.ts";

/** Dates, versions, addresses and patterns, valid and nearly so. */
export const TEXTS: Readonly<Record<string, (tape: Tape) => string>> = {
  date: buildDate,
  version: buildVersion,
  range: buildRange,
  address: buildAddress,
  block: (tape) => buildBlock(tape),
  pattern: (tape) => buildPattern(tape, 2),
  subject: buildSubject,
};

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function buildDate(tape: Tape): string {
  const year = tape.pick(["2024", "2023", "1900", "2000", "1969", "0001", "0000", "9999"]);
  let text = `${year}-${two(tape.below(14))}-${two(tape.pick([1, 0, 28, 29, 30, 31, 32]))}`;
  if (tape.chance(60)) {
    text += `T${two(tape.pick([0, 12, 23, 24]))}:${two(tape.pick([0, 30, 59, 60]))}`;
    if (tape.chance(60)) text += `:${two(tape.pick([0, 59, 60]))}`;
    if (tape.chance(40)) text += tape.pick([".0", ".5", ".123", ".999", ".1234", "."]);
    const zones = ["", "Z", "+02:00", "-05:30", "+14:00", "+24:00", "+0200", "z", "+01:60"];
    text += tape.pick(zones);
  }
  return spoilt(tape, text);
}

/** Now and then with a character too many or one wrong. */
function spoilt(tape: Tape, text: string): string {
  if (!tape.chance(8)) return text;
  const at = tape.below(text.length + 1);
  return text.slice(0, at) + tape.pick([" ", "0", "x", "-", ".", ":", "/"]) + text.slice(at);
}

function numeral(tape: Tape): string {
  return tape.pick(["1", "0", "2", "10", "9", "3", "01", "9007199254740991", "9007199254740993"]);
}

function small(tape: Tape): string {
  return tape.chance(92) ? String(tape.below(4)) : numeral(tape);
}

function identifiers(tape: Tape): string {
  const parts = ["1", "alpha", "beta", "0", "10", "2", "a-b", "01", "rc1", "--", "1a", "A"];
  return tape.list(1, 3, () => tape.pick(parts)).join(".");
}

function buildVersion(tape: Tape): string {
  let text = tape.pick(["", "", "", "v", "V", "=", "vv"]) + small(tape);
  for (let part = tape.pick([2, 2, 2, 2, 1, 0, 3]); part > 0; part -= 1) text += `.${small(tape)}`;
  if (tape.chance(40)) text += `-${identifiers(tape)}`;
  if (tape.chance(15)) text += `+${identifiers(tape)}`;
  return spoilt(tape, text);
}

function partial(tape: Tape): string {
  const wild = () => (tape.chance(15) ? tape.pick(["x", "X", "*"]) : small(tape));
  let text = tape.pick(["", "", "", "", "v", "="]) + wild();
  for (let part = tape.pick([2, 2, 2, 1, 1, 0]); part > 0; part -= 1) text += `.${wild()}`;
  if (tape.chance(30)) text += `-${identifiers(tape)}`;
  if (tape.chance(6)) text += `+${identifiers(tape)}`;
  return text;
}

function comparators(tape: Tape): string {
  if (tape.chance(15)) return `${partial(tape)} - ${partial(tape)}`;
  const signs = ["", "^", "~", ">=", "<", ">", "<=", "=", "~>", ">= ", "^ ", "==", "!"];
  const sign = () => tape.pick(tape.chance(93) ? signs.slice(0, 11) : signs);
  return tape.list(1, 2, () => sign() + partial(tape)).join(tape.pick([" ", " ", "  ", ","]));
}

function buildRange(tape: Tape): string {
  if (tape.chance(3)) return tape.pick(["", "*", " ", "||", "latest", ">"]);
  const or = tape.pick(["||", " || ", "|| "]);
  return spoilt(tape, tape.list(1, 2, () => comparators(tape)).join(or));
}

function buildAddress(tape: Tape): string {
  if (tape.chance(50)) return spoilt(tape, dotted(tape));
  return spoilt(tape, sixth(tape));
}

function dotted(tape: Tape): string {
  const byte = () => tape.pick(["10", "0", "255", "1", "127", "128", "2", "256", "01"]);
  const count = tape.pick([4, 4, 4, 4, 4, 4, 3, 5]);
  return Array.from({ length: count }, byte)
    .join(".")
    .replace("256", tape.pick(["3", "4", "256"]));
}

function sixth(tape: Tape): string {
  if (tape.chance(35))
    return tape.pick(["::ffff:", "::FFFF:", "::", "0:0:0:0:0:ffff:"]) + dotted(tape);
  const group = () => tape.pick(["0", "1", "db8", "2001", "ffff", "FFFF", "00a1", "8000", "12345"]);
  const safe = () => (tape.chance(95) ? group().slice(0, 4) : group());
  if (tape.chance(50)) return Array.from({ length: 8 }, safe).join(":");
  const before = tape.list(0, 4, safe).join(":");
  return `${before}::${tape.list(0, 3, safe).join(":")}`;
}

function buildBlock(tape: Tape): string {
  const address = buildAddress(tape);
  if (tape.chance(25)) return address;
  const lengths = [
    "8",
    "0",
    "32",
    "31",
    "1",
    "9",
    "33",
    "64",
    "96",
    "104",
    "127",
    "128",
    "129",
    "-1",
    "",
    "08",
  ];
  return `${address}/${tape.pick(lengths)}`;
}

const ATOMS = [
  ..."abcx0 -",
  ...[
    "ü",
    "😀",
    "\\d",
    "\\w",
    "\\s",
    "\\b",
    "\\B",
    "\\D",
    "\\W",
    "\\S",
    ".",
    "^",
    "$",
    "\\A",
    "\\z",
  ],
  ...[
    "[abc]",
    "[^a]",
    "[a-c]",
    "[[:alpha:]]",
    "[^[:digit:]x]",
    "\\pL",
    "\\p{Greek}",
    "\\PN",
    "[\\d\\-]",
  ],
  ...["\\.", "\\x61", "\\x{1F600}", "\\Qa.b\\E", "\\n", "\\t", "[]a]", "[a-]", "\\/", "-", "\\C"],
  ...[
    "(?=a)",
    "(?<=a)",
    "\\1",
    "(?!a)",
    "(",
    ")",
    "[",
    "*",
    "\\",
    "{",
    "}",
    "]",
    "\\k<n>",
    "\\cA",
    "\\u0061",
  ],
];
const SAFE_ATOMS = ATOMS.length - 15;

function buildPattern(tape: Tape, depth: number): string {
  const count = 1 + tape.below(3);
  let text = "";
  for (let part = 0; part < count; part += 1) text += buildPiece(tape, depth);
  return tape.chance(15) ? `${text}|${buildPiece(tape, depth)}` : text;
}

function buildPiece(tape: Tape, depth: number): string {
  let atom = ATOMS[tape.below(tape.chance(4) ? ATOMS.length : SAFE_ATOMS)] as string;
  if (depth > 0 && tape.chance(30)) {
    const open = tape.pick([
      "(",
      "(?:",
      "(?i)(",
      "(?i:",
      "(?P<n>",
      "(?<m>",
      "(?s:",
      "(?m:",
      "(?U:",
    ]);
    atom = `${open}${buildPattern(tape, depth - 1)})`;
  }
  if (!tape.chance(40)) return atom;
  return (
    atom +
    tape.pick(["*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "{,2}", "**", "{2,1}", "{1001}"])
  );
}

function buildSubject(tape: Tape): string {
  const pieces = [
    ..."abcxABX0 -._\n\t",
    "ü",
    "😀",
    "\ud83d",
    "\r",
    "\u2028",
    "K",
    "ſ",
    "é",
    "λ",
    "Σ",
    "",
    "\u00a0",
  ];
  return tape.list(0, 6, () => tape.pick(pieces)).join("");
}
