const KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$/;

export const KEY_RULE =
  "1 to 256 letters, digits, `.`, `_`, `/` or `-`, beginning with a letter or a digit";

export function isKey(key: string): boolean {
  return KEY.test(key);
}

/**
 * The key that a read which found nothing may have meant: without white space around it, and
 * with aliases followed. The same key when there is nothing to change.
 */
export function resolveKey(key: string, aliases: ReadonlyMap<string, string>): string {
  if (typeof key !== "string") return shownKey(key);
  const trimmed = mayNeedTrim(key) ? key.trim() : key;
  return aliases.size === 0 ? trimmed : (aliases.get(trimmed) ?? trimmed);
}

/** What was asked for, for people. Of what is no string only the kind, which is no flag's key. */
export function shownKey(key: unknown): string {
  return typeof key === "string" ? key : `[${typeof key}]`;
}

// Unknown keys are read often enough that a call of `trim` would show.
function mayNeedTrim(key: string): boolean {
  const { length } = key;
  if (length === 0) return false;
  const first = key.charCodeAt(0);
  const last = key.charCodeAt(length - 1);
  return first <= 32 || last <= 32 || first >= 160 || last >= 160;
}
