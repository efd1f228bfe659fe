import type { Variant } from "./flag.ts";

/** So many are looked through faster than they are put in a map. */
const FEW = 8;

const indices = new WeakMap<readonly Variant[], ReadonlyMap<string, number>>();

/**
 * Index of the variant of a name in a list that does not change any more; -1 without one. A flag
 * with very many variants may name each in a rollout and in rules, so that they are indexed once.
 */
export function variantIndex(variants: readonly Variant[], wanted: unknown): number {
  if (variants.length <= FEW) {
    for (let at = 0; at < variants.length; at++) if (variants[at]?.name === wanted) return at;
    return -1;
  }
  let index = indices.get(variants);
  if (index === undefined) {
    // Of two with one name, which is a problem elsewhere, the first counts.
    index = new Map(variants.map(({ name }, at) => [name, at] as const).reverse());
    indices.set(variants, index);
  }
  return (typeof wanted === "string" ? index.get(wanted) : undefined) ?? -1;
}
