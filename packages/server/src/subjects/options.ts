import { type FieldRule, MAX_TIMEOUT, objectOf, oneOf, wholeNumber } from "../check-fields.ts";

/** How what stores know of subjects is kept. */
export interface SubjectOptions {
  /**
   * What reads see of a subject that could not be loaded: `open`, what they would without its
   * overrides; `closed`, callers' defaults with `PROVIDER_NOT_READY`. Default `open`.
   */
  readonly failure?: "open" | "closed" | undefined;
  /** Milliseconds that a subject is kept before it is read again. Default `FEATURE_CACHE_TTL`, else 60,000. */
  readonly ttl?: number | undefined;
  /** Most subjects that are kept. Default 10,000. */
  readonly max?: number | undefined;
  /** Milliseconds that a request waits for its subject. Default 250. */
  readonly deadline?: number | undefined;
}

export const SUBJECTS: FieldRule = objectOf<SubjectOptions>({
  failure: oneOf("open", "closed"),
  ttl: wholeNumber(0, MAX_TIMEOUT),
  max: wholeNumber(1, 10_000_000),
  deadline: wholeNumber(1, MAX_TIMEOUT),
});
