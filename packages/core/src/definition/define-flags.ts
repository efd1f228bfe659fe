import type { JsonValue } from "../json.ts";
import type { ConditionInput, FlagInput } from "./flag-input.ts";

/** A document of definitions that knows its flags' keys and the types of their values. */
export interface DefinedFlags<Values = Record<string, JsonValue>> {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly segments?: Readonly<Record<string, unknown>>;
  readonly aliases?: Readonly<Record<string, string>>;
  /** Only in types: key → value. */
  readonly "~values"?: Values;
}

type Bare = string | number | boolean;

/** The values a flag can serve, from its type, its variants, or its default. */
export type ValueOf<Input> = Input extends boolean
  ? boolean
  : Input extends string
    ? string
    : Input extends number
      ? number
      : Input extends { readonly type: infer Type }
        ? OfType<Type, Input>
        : Inferred<Input>;

type OfType<Type, Input> = Type extends "boolean" | "bool"
  ? boolean
  : Type extends "integer" | "int" | "number" | "float"
    ? Narrowed<Input, number>
    : Type extends "string"
      ? Narrowed<Input, string>
      : JsonValue;

type Inferred<Input> = [Served<Input>] extends [never]
  ? boolean
  : Served<Input> extends boolean
    ? boolean
    : Served<Input> extends string
      ? Narrowed<Input, string>
      : Served<Input> extends number
        ? Narrowed<Input, number>
        : Served<Input> extends Bare
          ? Served<Input>
          : JsonValue;

/** The variants' literal values; without variants a flag may come to serve any of its type. */
type Narrowed<Input, Whole> = Input extends { readonly variants: object }
  ? Served<Input> extends Whole
    ? Served<Input>
    : Whole
  : Whole;

type Served<Input> = VariantValues<Input> | FieldValue<Input, "default"> | FieldValue<Input, "off">;

type FieldValue<Input, Field extends string> = Input extends {
  readonly [Key in Field]: infer Value;
}
  ? Value
  : never;

type VariantValues<Input> = Input extends { readonly variants: infer Variants }
  ? Variants extends readonly { readonly value: infer Value }[]
    ? Value
    : Variants[keyof Variants]
  : never;

export interface DefineFlagsOptions {
  readonly segments?: Readonly<Record<string, ConditionInput>> | undefined;
  /** Old key → key. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

/**
 * Defines flags in code, as a source: `flags({ sources: [defineFlags({ … })] })`. Keys and the
 * types of values are inferred, for `interface Register`. Checked when it is loaded.
 */
export function defineFlags<const Inputs extends Readonly<Record<string, FlagInput | Bare>>>(
  flags: Inputs,
  options: DefineFlagsOptions = {},
): DefinedFlags<{ -readonly [Key in keyof Inputs]: ValueOf<Inputs[Key]> }> {
  const { segments, aliases } = options;
  return {
    flags,
    ...(segments === undefined ? {} : { segments }),
    ...(aliases === undefined ? {} : { aliases }),
  };
}
