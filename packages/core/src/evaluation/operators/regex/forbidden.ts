const LOOK_AROUND = "must not use look-around, which RE2 syntax does not have";
const BACK_REFERENCE = "must not use back-references, which RE2 syntax does not have";

/**
 * What JavaScript's syntax has and RE2's has not, wherever it stands in the pattern: the reason as
 * a problem's message, or undefined. Other mistakes are for the parser or the engine to find.
 */
export function findForbidden(pattern: string): string | undefined {
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at, at + 4);
    if (rest.startsWith("\\Q")) {
      const end = pattern.indexOf("\\E", at + 2);
      if (end < 0) return undefined;
      at = end + 1;
    } else if (rest.startsWith("\\")) {
      // `\12` is a character in octal, `\1` refers back.
      if (/^\\(?:[1-7](?![0-7])|[89]|k)/.test(rest)) return BACK_REFERENCE;
      at++;
    } else if (rest.startsWith("[")) {
      at = endOfClass(pattern, at);
    } else if (/^\(\?<?[=!]/.test(rest)) {
      return LOOK_AROUND;
    } else if (rest === "(?P=") {
      return BACK_REFERENCE;
    }
  }
  return undefined;
}

/** The index of the `]` that ends the class, or of the pattern's end. */
function endOfClass(pattern: string, start: number): number {
  // Not sought in vain at every `[:`, which would take quadratic time.
  const lastEnd = pattern.lastIndexOf(":]");
  let at = start + 1;
  if (pattern[at] === "^") at++;
  if (pattern[at] === "]") at++;
  for (; at < pattern.length && pattern[at] !== "]"; at++) {
    if (pattern[at] === "\\") {
      at++;
    } else if (pattern.startsWith("[:", at) && at + 2 <= lastEnd) {
      at = pattern.indexOf(":]", at + 2) + 1;
    }
  }
  return at;
}
