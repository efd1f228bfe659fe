import fc from "fast-check";

/**
 * Random choices, read one after another. A document is built by asking the tape; when it is at
 * its end every answer is 0, so builders put their simplest choice first and shorter tapes with
 * smaller numbers give smaller documents, which is how failures shrink.
 */
export class Tape {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  /** 0 to `count - 1`. */
  below(count: number): number {
    const choice = this.#choices[this.#at] ?? 0;
    this.#at += 1;
    return choice % count;
  }

  /** True in `percent` of a hundred cases; 0 is false. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  pick<T>(options: readonly T[]): T {
    return options[this.below(options.length)] as T;
  }

  list<T>(least: number, most: number, make: (index: number) => T): T[] {
    const count = least + this.below(most - least + 1);
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** Some of the options, in their order; at least one. */
  some<T>(options: readonly T[]): T[] {
    const chosen = options.filter(() => this.chance(50));
    return chosen.length > 0 ? chosen : [options[0] as T];
  }

  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.below(rest.length), 1)[0] as T);
  }
}

/** Whatever `build` makes of random choices; failures show it, shrunk. */
export function built<T>(build: (tape: Tape) => T, longest = 600): fc.Arbitrary<T> {
  return choices(longest).map((list) => build(new Tape(list)));
}

/** The same with a tape for each of two parts, so that a long one leaves choices for the other. */
export function builtOfTwo<T>(
  build: (first: Tape, second: Tape) => T,
  longest = 800,
): fc.Arbitrary<T> {
  return fc
    .tuple(choices(longest), choices(longest))
    .map(([first, second]) => build(new Tape(first), new Tape(second)));
}

function choices(longest: number): fc.Arbitrary<number[]> {
  return fc.noBias(fc.array(fc.nat(9999), { maxLength: longest, size: "max" }));
}
