import { HalyardError, KEY_RULE } from "@halyard/core";

/** Characters. A key that is longer is none, and its end tells nobody more. */
const SHOWN = 256;

export function invalidKey(key: string): HalyardError {
  const shown = key.length > SHOWN ? `${key.slice(0, SHOWN)}…` : key;
  return new HalyardError("INVALID_KEY", `"${shown}" is no key: ${KEY_RULE}.`);
}
