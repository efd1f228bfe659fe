import type { RegexEngine } from "../operator.ts";
import { findForbidden } from "./forbidden.ts";
import { stepsPerCharacter } from "./linear.ts";
import { parsePattern } from "./parse.ts";
import { toJavaScript } from "./translate.ts";

/**
 * In UTF-16 code units, as the subjects' limit. Linear engines too take a multiple of a pattern's
 * length in memory, and time to compile it: ten megabytes are minutes, or the end of the process.
 */
const MAX_PATTERN_LENGTH = 4096;

interface CompiledRegex {
  /** Whether the pattern occurs anywhere in the subject, in a time linear in the subject's length. */
  readonly test: (subject: string) => boolean;
  /** It runs on JavaScript's own engine. */
  readonly native: boolean;
}

/**
 * Prepares a pattern in RE2's syntax: natively if that is proved linear, else with the engine. The
 * `problem` says what is wrong with the pattern, or that there is no engine for it.
 */
export function compileRegex(
  pattern: string,
  engine: RegexEngine | undefined,
): CompiledRegex | { readonly problem: string } {
  if (pattern.length > MAX_PATTERN_LENGTH) return { problem: TOO_LONG };
  const forbidden = findForbidden(pattern);
  if (forbidden !== undefined) return { problem: forbidden };
  const parsed = parsePattern(pattern);
  if (parsed !== undefined) {
    if ("problem" in parsed) return invalid(parsed.problem);
    if (stepsPerCharacter(parsed) !== undefined) {
      const regex = toJavaScript(parsed);
      return { test: (subject) => regex.test(subject), native: true };
    }
  }
  if (engine === undefined) return { problem: NO_ENGINE };
  try {
    return { test: engine.compile(pattern), native: false };
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

const TOO_LONG = `must be at most ${MAX_PATTERN_LENGTH} characters long`;

const NO_ENGINE = "needs a linear-time regular expression engine for this pattern: install re2js";

function invalid(reason: string): { readonly problem: string } {
  return { problem: `must be a regular expression in RE2 syntax: ${reason}` };
}
