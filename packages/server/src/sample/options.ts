import { checkFields, type FieldRule, type FieldRules, isObject, isText } from "../check-fields.ts";

/** Subjects that were seen lately are kept in memory, so that dry runs can tell whom a change touches. */
export interface SampleOptions {
  /** Most subjects that are kept; those that were seen longest ago go first. Default 1000. */
  readonly max?: number | undefined;
  /** Attributes that are never kept. */
  readonly private?: readonly string[] | undefined;
}

const RULES: FieldRules<SampleOptions> = {
  max: {
    expected: "a whole number from 1 to 100000",
    accepts: (value) =>
      Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 100_000,
  },
  private: {
    expected: "a list of attributes' names, without targetingKey",
    accepts: (value) =>
      Array.isArray(value) && value.every((name) => isText(name) && name !== "targetingKey"),
  },
};

export const SAMPLE_RULE: FieldRule = {
  expected: "true, false, or an object with max, private",
  accepts: (value) => typeof value === "boolean" || isObject(value),
  inside: (path, value) => checkFields(path, value, RULES),
};
