/**
 * A semantic version (2.0.0), without its build metadata, which means nothing for precedence.
 * Numeric identifiers of the pre-release are numbers, or bigints where numbers are not exact.
 */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (number | bigint | string)[];
}

/** A range of versions as node-semver reads it by default: alternatives of bounds that all hold. */
export type Range = readonly (readonly Bound[])[];

interface Bound {
  readonly operator: Comparison;
  readonly version: Version;
}

type Comparison = "<" | "<=" | "=" | ">=" | ">";

const NUMBER = "(0|[1-9]\\d*)";
const IDENTIFIER = "(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)";
const PRERELEASE = `(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))`;
const BUILD = "(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)";

const COMPLETE = new RegExp(`^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}${PRERELEASE}?${BUILD}?$`);
const PARTIAL = new RegExp(
  `^v?${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER})?)?${PRERELEASE}?${BUILD}?$`,
);

/** As node-semver; keeps the parsing of what a client sends cheap. */
const LONGEST_VERSION = 256;

/**
 * Reads a version, a leading `v` allowed; missing minor and patch are 0. `null` for anything else,
 * also when one of the three numbers is beyond the safe integers.
 */
export function parseVersion(text: string): Version | null {
  return readPlainVersion(text) ?? readVersion(text, PARTIAL);
}

/** Longest run of digits that is a safe integer whatever they are. */
const SAFE_DIGITS = 15;

const NO_PRERELEASE: Version["prerelease"] = Object.freeze([]);

/**
 * A version of just numbers, as nearly all are: what clients send is parsed for each of them, and
 * this takes a tenth of the expression's time. `null` for whatever is more than that, or is none.
 */
function readPlainVersion(text: string): Version | null {
  const numbers: [number, number, number] = [0, 0, 0];
  let part = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    const digit = index === text.length ? DOT : text.charCodeAt(index) - ZERO;
    if (digit === DOT) {
      if (index === start || ++part > 3) return null;
      start = index + 1;
      if (index === text.length) break;
    } else {
      const before = numbers[part] as number;
      const hasLeadingZero = before === 0 && index > start;
      if (digit < 0 || digit > 9 || part > 2 || hasLeadingZero) return null;
      if (index - start >= SAFE_DIGITS) return null;
      numbers[part] = before * 10 + digit;
    }
  }
  const [major, minor, patch] = numbers;
  return { major, minor, patch, prerelease: NO_PRERELEASE };
}

const ZERO = "0".charCodeAt(0);
const DOT = ".".charCodeAt(0) - ZERO;

function readVersion(text: string, form: RegExp): Version | null {
  const match = text.length > LONGEST_VERSION ? null : form.exec(text);
  if (match === null) return null;
  const [, major, minor = "0", patch = "0", prerelease] = match;
  return makeVersion(Number(major), Number(minor), Number(patch), prerelease);
}

function makeVersion(
  major: number,
  minor: number,
  patch: number,
  prerelease?: string,
): Version | null {
  if (![major, minor, patch].every(Number.isSafeInteger)) return null;
  const identifiers = prerelease === undefined ? [] : prerelease.split(".").map(readIdentifier);
  return { major, minor, patch, prerelease: identifiers };
}

function readIdentifier(text: string): number | bigint | string {
  if (!/^\d+$/.test(text)) return text;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** Precedence of semver 2.0.0: negative, zero or positive as `a` is lower, equal or higher. */
export function compareVersions(a: Version, b: Version): number {
  if (a.major !== b.major) return a.major - b.major;
  if (a.minor !== b.minor) return a.minor - b.minor;
  if (a.patch !== b.patch) return a.patch - b.patch;
  return comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: Version["prerelease"], b: Version["prerelease"]): number {
  // Without a pre-release it is the release itself, which is higher than all of them.
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let index = 0; index < a.length && index < b.length; index++) {
    const left = a[index] as number | bigint | string;
    const right = b[index] as number | bigint | string;
    if (left === right) continue;
    const leftIsText = typeof left === "string";
    // Numbers are lower than text.
    if (leftIsText !== (typeof right === "string")) return leftIsText ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Whether a version is in a range; a pre-release only where a bound names one of its release. */
export function satisfies(version: Version, range: Range): boolean {
  for (const bounds of range) if (satisfiesAll(version, bounds)) return true;
  return false;
}

function satisfiesAll(version: Version, bounds: readonly Bound[]): boolean {
  let allowed = version.prerelease.length === 0;
  for (const { operator, version: bound } of bounds) {
    if (!holds(operator, compareVersions(version, bound))) return false;
    allowed ||= bound.prerelease.length > 0 && sameRelease(version, bound);
  }
  return allowed;
}

function holds(operator: Comparison, order: number): boolean {
  if (order === 0) return operator === "=" || operator === "<=" || operator === ">=";
  return order < 0 ? operator === "<" || operator === "<=" : operator === ">" || operator === ">=";
}

function sameRelease(a: Version, b: Version): boolean {
  return a.major === b.major && a.minor === b.minor && a.patch === b.patch;
}

/** Keeps the check of a definition cheap: the regexes below may take quadratic time. */
const LONGEST_RANGE = 1024;

/**
 * Reads a range: comparators, `~`, `^`, x-ranges, hyphens, `||`. `null` when node-semver, which
 * this follows in its oddities too, would not take it, and when it is longer than 1,024 characters.
 */
export function parseRange(text: string): Range | null {
  if (text.length > LONGEST_RANGE) return null;
  const range: Bound[][] = [];
  for (const alternative of text.trim().replaceAll(/\s+/g, " ").split("||")) {
    const bounds = parseAlternative(alternative.trim());
    if (bounds.includes(null)) return null;
    range.push(bounds as Bound[]);
  }
  // An alternative that is `*` swallows the others, even those that let pre-releases in.
  const any = range.find((bounds) => bounds.length === 0);
  return any === undefined ? range : [any];
}

const COMPONENT = "(0|[1-9]\\d*|[xX*])";
/** Captures major, minor, patch and pre-release. */
const X_VERSION = `[v= ]*${COMPONENT}(?:\\.${COMPONENT}(?:\\.${COMPONENT}${PRERELEASE}?)?)?`;
const BUILDS = new RegExp(BUILD, "g");
const HYPHEN = new RegExp(`^(${X_VERSION}) - (${X_VERSION})$`);
const SPACED_OPERATOR = new RegExp(`( ?)([<>]?=?) ?(${X_VERSION})`, "g");
const CARET = new RegExp(`^\\^${X_VERSION}$`);
const TILDE = new RegExp(`^~>?${X_VERSION}$`);
const X_RANGE = new RegExp(`^([<>]?=?)${X_VERSION}$`);
const COMPARATOR = /^(<=|>=|<|>|=|)(.*)$/;

/** The bounds of what stands between `||`; `null` among them for what is invalid. */
function parseAlternative(text: string): (Bound | null)[] {
  const written = text
    .replaceAll(BUILDS, "")
    .replace(HYPHEN, expandHyphen)
    .replaceAll(SPACED_OPERATOR, "$1$2$3")
    .replaceAll(/~>? /g, "~")
    .replaceAll("^ ", "^");
  return written
    .split(" ")
    .flatMap((part) => parseCaretOrTilde(part) ?? parseXRange(part) ?? parseComparator(part));
}

/** `1.2 - 3.4` becomes `>=1.2.0 <3.5.0-0`. */
function expandHyphen(_: string, ...captures: (string | undefined)[]): string {
  const [from, fromMajor, fromMinor, fromPatch, , to, major, minor, patch, prerelease] = captures;
  let lower = `>=${from}`;
  if (isX(fromMajor)) lower = "";
  else if (isX(fromMinor)) lower = `>=${fromMajor}.0.0`;
  else if (isX(fromPatch)) lower = `>=${fromMajor}.${fromMinor}.0`;
  let upper = `<=${to}`;
  if (isX(major)) upper = "";
  else if (isX(minor)) upper = `<${Number(major) + 1}.0.0-0`;
  else if (isX(patch)) upper = `<${major}.${Number(minor) + 1}.0-0`;
  else if (prerelease) upper = `<=${major}.${minor}.${patch}-${prerelease}`;
  return `${lower} ${upper}`.trim();
}

/** From the version written up to what changes its leftmost number other than 0 (`^`), or minor. */
function parseCaretOrTilde(text: string): (Bound | null)[] | undefined {
  const caret = CARET.exec(text);
  const match = caret ?? TILDE.exec(text);
  if (match === null) return undefined;
  const [, majorText, minorText, patchText, prerelease] = match;
  if (isX(majorText)) return [];
  const major = Number(majorText);
  if (isX(minorText)) return between([major, 0, 0], [major + 1, 0, 0]);
  const minor = Number(minorText);
  const next = caret !== null && major > 0 ? [major + 1, 0, 0] : [major, minor + 1, 0];
  if (isX(patchText)) return between([major, minor, 0], next);
  const patch = Number(patchText);
  const exact = caret !== null && major === 0 && minor === 0;
  return between([major, minor, patch], exact ? [0, 0, patch + 1] : next, prerelease);
}

/** `1.x`, `>1.2`, `*`; undefined when all three numbers are there. */
function parseXRange(text: string): (Bound | null)[] | undefined {
  const match = X_RANGE.exec(text);
  if (match === null) return undefined;
  const [, operator, majorText, minorText, patchText] = match;
  const anyMinor = isX(minorText);
  // A number behind an x means nothing: not a range.
  if ((isX(majorText) && !anyMinor) || (anyMinor && !isX(patchText))) return undefined;
  if (isX(majorText)) {
    return operator === ">" || operator === "<" ? [bound("<", [0, 0, 0], "0")] : [];
  }
  if (!isX(patchText)) return undefined;
  const major = Number(majorText);
  const minor = anyMinor ? 0 : Number(minorText);
  const next = anyMinor ? [major + 1, 0, 0] : [major, minor + 1, 0];
  if (operator === ">") return [bound(">=", next)];
  if (operator === "<=") return [bound("<", next, "0")];
  if (operator === "<") return [bound("<", [major, minor, 0], "0")];
  if (operator !== ">=") return between([major, minor, 0], next);
  return major === 0 && minor === 0 ? [] : [bound(">=", [major, minor, 0])];
}

function parseComparator(text: string): (Bound | null)[] {
  // A star is dropped wherever it stands, as node-semver does.
  const plain = text.replace(/[<>]?=?\*/, "");
  if (plain === "" || plain === ">=0.0.0") return [];
  const [, operator, written = ""] = COMPARATOR.exec(plain) ?? [];
  const version = readVersion(written, COMPLETE);
  return [version && { operator: (operator || "=") as Comparison, version }];
}

function between(
  from: readonly number[],
  below: readonly number[],
  prerelease?: string,
): (Bound | null)[] {
  // `-0` is the lowest of all pre-releases: those of the upper bound are not in the range.
  return [bound(">=", from, prerelease), bound("<", below, "0")];
}

function bound(
  operator: Comparison,
  [major = 0, minor = 0, patch = 0]: readonly number[],
  prerelease?: string,
): Bound | null {
  const version = makeVersion(major, minor, patch, prerelease);
  return version && { operator, version };
}

function isX(component: string | undefined): boolean {
  return component === undefined || component === "x" || component === "X" || component === "*";
}
