import { parseArgs } from "node:util";

/** The options of a benchmark: `--name`, or `--name=…` where the default is no boolean. */
export function optionsOf<T extends Record<string, string | number | boolean>>(
  defaults: T,
): Widened<T> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: typeof value === "boolean" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { values } = parseArgs({ options });
  const entries = Object.entries(defaults).map(([name, value]) => {
    const given = values[name];
    if (given === undefined) return [name, value];
    if (typeof value !== "number") return [name, given];
    const number = Number(given);
    if (!Number.isFinite(number)) throw new TypeError(`--${name} must be a number`);
    return [name, number];
  });
  return Object.fromEntries(entries) as Widened<T>;
}

type Widened<T> = {
  [Name in keyof T]: T[Name] extends boolean ? boolean : T[Name] extends number ? number : string;
};
