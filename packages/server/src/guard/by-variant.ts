import { type FlagClient, type FlagKey, HalyardError } from "@halyard/core";
import { checkFields, isFunction, isObject, TEXT } from "../check-fields.ts";
import { type GuardOptions, isFlagKey } from "./guard.ts";

/** Handlers by the variant that they are for. */
export type VariantHandlers<Handler> = Readonly<Record<string, Handler>>;

export type VariantOptions = Pick<GuardOptions, "property">;

export interface VariantChoice<Handler> {
  readonly flags: readonly string[];
  /** `undefined`: no handler for what was served, so the route passes. */
  readonly choose: (client: FlagClient) => Handler | undefined;
}

/** Compiles a choice of handlers by the variant that is served. Throws `INVALID_OPTIONS`. */
export function createVariantChoice<Handler>(
  key: FlagKey,
  handlers: VariantHandlers<Handler>,
  fallback: Handler | undefined,
  options: VariantOptions,
): VariantChoice<Handler> {
  const byVariant = new Map(Object.entries(handlers ?? {}));
  const functions = [...byVariant.values(), fallback ?? (() => {})];
  if (!isFlagKey(key) || byVariant.size === 0 || !functions.every(isFunction)) {
    throw new HalyardError(
      "INVALID_OPTIONS",
      'byVariant takes a flag\'s key, a handler for each variant, and perhaps one for the rest, as in byVariant("checkout", { a: handlerA, b: handlerB }, other).',
    );
  }
  if (!isObject(options)) {
    throw new HalyardError(
      "INVALID_OPTIONS",
      'The options of byVariant must be an object, as in byVariant("checkout", handlers, undefined, { property: "features" }).',
    );
  }
  checkFields<VariantOptions>("", options, { property: TEXT });
  return {
    flags: [key],
    choose: (client) => {
      const { variant } = client.details(key);
      return (variant === undefined ? undefined : byVariant.get(variant)) ?? fallback;
    },
  };
}
