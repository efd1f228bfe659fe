import { HalyardError } from "@halyard/core";

/** What one option may be. */
export interface FieldRule {
  /** Completes "must be …". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Looks further into a value that is accepted. */
  readonly inside?: (name: string, value: object) => void;
}

export type FieldRules<Options> = { readonly [Name in keyof Required<Options>]: FieldRule };

/**
 * Throws `INVALID_OPTIONS` for what is no option, or can't be: ignored in silence, a misspelt one
 * would be found out much later. `undefined` stands for an absent one.
 */
export function checkFields<Options>(
  path: string,
  options: object,
  rules: FieldRules<Options>,
): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = (rules as Record<string, FieldRule | undefined>)[name];
    if (rule === undefined || !Object.hasOwn(rules, name)) {
      const known = Object.keys(rules).join(", ");
      throw new HalyardError(
        "INVALID_OPTIONS",
        `There is no option "${path}${name}". Known are ${known}.`,
      );
    }
    if (value === undefined) continue;
    if (!rule.accepts(value)) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        `The option "${path}${name}" must be ${rule.expected}, not ${shown(value)}.`,
      );
    }
    if (typeof value === "object" && value !== null) rule.inside?.(`${path}${name}.`, value);
  }
}

function shown(value: unknown): string {
  if (typeof value === "string") return `"${value.slice(0, 100)}"`;
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

export const isString = (value: unknown): value is string => typeof value === "string";
export const isText = (value: unknown): value is string => isString(value) && value !== "";
export const isFunction = (value: unknown): boolean => typeof value === "function";
export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const BOOLEAN: FieldRule = {
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
};
export const TEXT: FieldRule = { expected: "a text that is not empty", accepts: isText };
export const FUNCTION: FieldRule = { expected: "a function", accepts: isFunction };

export function oneOf(...values: readonly string[]): FieldRule {
  return {
    expected: values.map((value) => `"${value}"`).join(" or "),
    accepts: (value) => values.includes(value as string),
  };
}

/** What a timer takes. */
export const MAX_TIMEOUT: number = 2 ** 31 - 1;

export function wholeNumber(least: number, most: number): FieldRule {
  return {
    expected: `a whole number from ${least} to ${most}`,
    accepts: (value) =>
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** An object of options of its own. */
export function objectOf<Options>(rules: FieldRules<Options>): FieldRule {
  return {
    expected: `an object with ${Object.keys(rules).join(", ")}`,
    accepts: isObject,
    inside: (path, value) => checkFields(path, value, rules),
  };
}
