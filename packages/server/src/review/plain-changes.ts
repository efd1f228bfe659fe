import type { Change } from "../instance/changes.ts";
import { invalid } from "./refusals.ts";

/** Longest JSON of all changes of a proposal, in characters. */
const MAX_CHANGES_TEXT = 200_000;

/** The changes as JSON has them, by nobody else to be changed. Throws `INVALID_OPTIONS`. */
export function plainChanges(given: readonly Change[]): readonly Change[] {
  const text = Array.isArray(given) ? jsonText(given) : undefined;
  if (text !== undefined && text.length <= MAX_CHANGES_TEXT) return JSON.parse(text);
  throw invalid(
    `A proposal takes a list of changes, of at most ${MAX_CHANGES_TEXT} characters as JSON. Split it.`,
  );
}

function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
