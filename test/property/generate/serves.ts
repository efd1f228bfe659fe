import { bucketOf } from "../reference.ts";
import type { Written } from "./conditions.ts";
import type { Tape } from "./tape.ts";

/** What is known of a flag before its body is made, so that others can name it. */
export interface Skeleton {
  readonly key: string;
  readonly type: "boolean" | "string" | "integer" | "number" | "json";
  /** In the declared order. */
  readonly variants: readonly { readonly name: string; readonly value: unknown }[];
  /** Whether a boolean declares its variants. */
  readonly declared: boolean;
}

/** A bucket's border that some subject of the contexts sits on, or a plain number. */
export function buildPercentage(tape: Tape, salt: string): number {
  const form = tape.below(4);
  if (form === 0) return tape.pick([50, 0, 100, 10, 99.999, 0.001, 33.3333, 0.0004, 99.9996]);
  if (form === 1) return tape.below(1001) / 10;
  return border(tape, salt) / 1000;
}

function border(tape: Tape, salt: string): number {
  return bucketOf(salt, `user-${tape.below(40)}`) + tape.below(2);
}

/** A variant by name or index. */
export function nameVariant(tape: Tape, flag: Skeleton): string | number {
  const index = tape.below(flag.variants.length);
  return tape.chance(25) ? index : (flag.variants[index]?.name ?? index);
}

export function buildRollout(tape: Tape, flag: Skeleton, implied: string): Written {
  const rollout: Written = {};
  if (tape.chance(25)) rollout.salt = tape.pick(["s1", "ünïcode", "", "x/y"]);
  if (tape.chance(30)) {
    rollout.by = tape.pick(["userId", "user.plan", "age", "targetingKey", "groups", "created_at"]);
  }
  if (tape.chance(30)) rollout.experiment = tape.chance(80);
  const salt = rollout.salt === "" ? implied : ((rollout.salt as string) ?? implied);
  if (rollout.salt === "") delete rollout.salt;
  const shares = buildShares(tape, flag.variants.length, salt);
  const form = tape.below(4);
  const outOf100 = form < 2;
  const total = shares.reduce((sum, share) => sum + share, 0);
  // Off by a rounding error, which percentages may be.
  if (outOf100 && total === 100_000 && tape.chance(30)) {
    const last = shares.findLastIndex((share) => share > 0);
    shares[last] = Math.max(11, (shares[last] as number) + tape.pick([-10, 10, 5]));
    if (shares.reduce((sum, share) => sum + share, 0) > 100_010) shares[last] = shares[last] - 11;
  }
  const weights = flag.variants.map(({ name }, index) => ({
    name,
    index,
    weight: outOf100 ? (shares[index] as number) / 1000 : (shares[index] as number),
  }));
  const written = tape.shuffled(weights).filter(({ weight }) => weight > 0 || tape.chance(60));
  const given = written.length > 0 ? written : weights;
  if (!outOf100) rollout.unit = 100_000;
  if (form === 0 || form === 2) {
    rollout.weights = Object.fromEntries(given.map(({ name, weight }) => [name, weight]));
  } else {
    rollout.weights = given.map(({ name, index, weight }) => {
      return { variant: tape.chance(20) ? index : name, weight };
    });
  }
  return rollout;
}

/** Buckets per variant: whole, empty, split at borders, or falling short. */
export function buildShares(tape: Tape, count: number, salt: string): number[] {
  const shares = Array<number>(count).fill(0);
  const form = tape.below(8);
  if (form === 1) shares[tape.below(count)] = 100_000;
  if (form === 1 || form === 2) return shares;
  const cuts = Array.from({ length: count }, () => border(tape, salt)).sort((a, b) => a - b);
  if (form !== 3) cuts[count - 1] = 100_000;
  for (let index = 0; index < count; index += 1) {
    shares[index] = (cuts[index] as number) - (cuts[index - 1] ?? 0);
  }
  return shares;
}

/** Other systems' form: `variation`, or weights out of 100,000 by index. */
export function buildVariations(tape: Tape, flag: Skeleton, salt: string): Written {
  const shares = buildShares(tape, flag.variants.length, salt);
  const variations = shares.map((weight, variation) => ({ variation, weight }));
  const bucketBy = tape.pick([{}, { bucketBy: "key" }, { bucketBy: "userId" }]);
  return { ...bucketBy, variations: tape.shuffled(variations) };
}
