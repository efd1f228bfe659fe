import { HalyardError } from "@halyard/core";
import { isObject } from "@halyard/server/adapter";

/** Throws `INVALID_OPTIONS` where an option is missing that has no default. */
export function requireOption<Options>(
  what: string,
  name: keyof Options & string,
  options: Options,
): void {
  if (isObject(options) && options[name as never] !== undefined) return;
  throw new HalyardError("INVALID_OPTIONS", `${what} needs the option "${name}".`);
}
