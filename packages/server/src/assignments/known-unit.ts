import type { UnitAssignments } from "@halyard/core";

/** Told what a unit was served that had no assignment. */
export type ServedListener = (
  unit: KnownUnit,
  experiment: string,
  variant: string,
  replaces: string | undefined,
) => void;

/**
 * What this process knows of one unit. Requests that have read it go on seeing it: what turns out
 * to be otherwise makes another one.
 */
export class KnownUnit implements UnitAssignments {
  readonly name: string;
  /**
   * Milliseconds of the monotonic clock; from then on it is read again while it serves. Never: it
   * has not been read yet.
   */
  readonly freshUntil: number;
  /** It was asked for, and could not be had. */
  readonly isMissed: boolean;
  readonly #variants: Map<string, string>;
  /** Experiment → the variant that was there before, and is gone from the flag. */
  readonly #replaced: Map<string, string>;
  readonly #onServed: ServedListener;

  constructor(
    name: string,
    onServed: ServedListener,
    { freshUntil = NEVER, isMissed = false, variants, replaced }: KnownUnitParts = {},
  ) {
    this.name = name;
    this.freshUntil = freshUntil;
    this.isMissed = isMissed;
    this.#variants = new Map(variants);
    this.#replaced = new Map(replaced);
    this.#onServed = onServed;
  }

  get isLoaded(): boolean {
    return this.freshUntil !== NEVER;
  }

  /** Experiment → variant. */
  get variants(): ReadonlyMap<string, string> {
    return this.#variants;
  }

  variantOf(experiment: string): string | undefined {
    return this.#variants.get(experiment);
  }

  replacedIn(experiment: string): string | undefined {
    return this.#replaced.get(experiment);
  }

  served(experiment: string, variant: string, replaces: string | undefined): void {
    this.#onServed(this, experiment, variant, replaces);
  }

  /** Those who have read it see it from their next read of the experiment on. */
  keep(experiment: string, variant: string, replaces: string | undefined): void {
    this.#variants.set(experiment, variant);
    if (replaces !== undefined) this.#replaced.set(experiment, replaces);
  }

  /** The same, known otherwise. */
  with(parts: KnownUnitParts): KnownUnit {
    const { name, freshUntil, isMissed, variants } = this;
    const known = { freshUntil, isMissed, variants, replaced: this.#replaced };
    return new KnownUnit(name, this.#onServed, { ...known, ...parts });
  }
}

interface KnownUnitParts {
  readonly freshUntil?: number;
  readonly isMissed?: boolean;
  readonly variants?: ReadonlyMap<string, string>;
  readonly replaced?: ReadonlyMap<string, string>;
}

const NEVER = Number.NEGATIVE_INFINITY;
