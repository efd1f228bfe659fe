import { createHash } from "node:crypto";
import { type EvaluationDetails, murmur3 } from "@halyard/core";
import { LRUCache } from "lru-cache";
import type { AnalyticsOptions } from "./options.ts";

/** An hour, in milliseconds. */
const WINDOW = 3_600_000;
const MAX_REMEMBERED = 50_000;

/** Which exposures are told: of whom, and how often. */
export class Exposures {
  /** Milliseconds; 0 tells every read. */
  readonly window: number;
  readonly #onlyExperiments: boolean;
  readonly #rate: number;
  readonly #experimentRate: number;
  readonly #maxTold: number;
  /** When each was told last. Made when it is needed: it takes its room at once. */
  #told: LRUCache<string, number> | undefined;
  /** Details are one object per outcome, so that this is worked out once. */
  readonly #outcomes = new WeakMap<EvaluationDetails, string>();

  constructor({ exposures, dedupe = {}, sampling = {} }: Omit<AnalyticsOptions, "exporters">) {
    this.window = dedupe.window ?? WINDOW;
    this.#onlyExperiments = exposures === "experiments";
    this.#rate = sampling.rate ?? 1;
    this.#experimentRate = sampling.experiments ?? this.#rate;
    this.#maxTold = dedupe.max ?? MAX_REMEMBERED;
  }

  /** Of reads that gave the caller's default there is nothing to tell: metrics count them. */
  isWanted({ errorCode, inExperiment }: EvaluationDetails): boolean {
    return errorCode === undefined && (inExperiment || !this.#onlyExperiments);
  }

  /** The share of the subjects that is told of. */
  rateOf({ inExperiment }: EvaluationDetails): number {
    return inExperiment ? this.#experimentRate : this.#rate;
  }

  /** Of whatever is tracked: the larger share, so that no experiment misses what it counts. */
  get trackedRate(): number {
    return this.#onlyExperiments
      ? this.#experimentRate
      : Math.max(this.#rate, this.#experimentRate);
  }

  /**
   * What tells an exposure from others of the same subject. A variant may have become another value
   * since, and a value may be no variant's.
   */
  outcomeOf(details: EvaluationDetails): string {
    let outcome = this.#outcomes.get(details);
    if (outcome === undefined) {
      const { flagKey, variantIndex, value, ruleId, inExperiment } = details;
      const served = [variantIndex ?? null, digest(JSON.stringify(value ?? null))];
      outcome = JSON.stringify([flagKey, ...served, ruleId ?? null, inExperiment]);
      this.#outcomes.set(details, outcome);
    }
    return outcome;
  }

  /** Whether it was told within the window. */
  wasTold(outcome: string, key: string, now: number): boolean {
    const last = this.#told?.get(outcome + key);
    // A clock that was set back must not silence anybody.
    return last !== undefined && now >= last && now - last < this.window;
  }

  /** It is told now: what was dropped is not, and has its chance with the next read. */
  told(outcome: string, key: string, now: number): void {
    if (this.window === 0) return;
    this.#told ??= new LRUCache({ max: this.#maxTold });
    this.#told.set(outcome + key, now);
  }
}

/**
 * Whether a subject is in a sample: the same ones for every flag and in every process, so that what
 * is counted stays in proportion. Independent of the buckets of rollouts.
 */
export function isSampled(key: string, rate: number): boolean {
  return rate >= 1 || murmur3(`sample/${key}`) < rate * 2 ** 32;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
