import type { AttributeValue, Operator } from "./operator.ts";

/**
 * Whether the attribute is there at all. The clause node asks before it runs any test, so these
 * need none: `exists` holds for what is present, and `notExists` is its negation.
 */
export const presenceOperators: readonly Operator<AttributeValue>[] = [
  { name: "exists", takesValues: false, prepare: () => () => true },
  { name: "notExists", negated: true, takesValues: false, prepare: () => () => true },
];
