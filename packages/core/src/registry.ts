import type { DefinedFlags } from "./definition/define-flags.ts";
import type { JsonValue } from "./json.ts";

/**
 * Tells Halyard the flags of your application, for typed keys and values everywhere:
 *
 * ```ts
 * export const definitions = defineFlags({ … });
 * declare module "@halyard/express" {
 *   interface Register { flags: typeof definitions }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by applications
export interface Register {}

/** Key → type of value, of the registered flags; of any flag when none are registered. */
export type RegisteredFlags = Register extends { flags: DefinedFlags<infer Values> }
  ? Values
  : Record<string, JsonValue>;

/** A flag's key: one of the registered ones, or any string. */
export type FlagKey = Extract<keyof RegisteredFlags, string>;

/** Keys of the flags whose value is a `T`. */
export type FlagKeyOf<T> = {
  [Key in FlagKey]: RegisteredFlags[Key] extends T
    ? Key
    : JsonValue extends RegisteredFlags[Key]
      ? Key
      : never;
}[FlagKey];

/** The type of a flag's value. */
export type FlagValue<Key extends FlagKey> = RegisteredFlags[Key];
