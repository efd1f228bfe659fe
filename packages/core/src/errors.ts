import type { Problem } from "./definition/problems.ts";

/**
 * Every code that a {@link HalyardError} can carry. Codes are stable; messages are not.
 * `ERRORS.md` says for each what happened and what to do.
 */
export type HalyardErrorCode =
  | "INVALID_DEFINITIONS"
  | "INVALID_KEY"
  | "INVALID_ACTOR"
  | "INVALID_OVERRIDE"
  | "INVALID_SCOPE"
  | "INVALID_OPTIONS"
  | "INVALID_ENVIRONMENT"
  | "FLAG_NOT_FOUND"
  | "SEGMENT_NOT_FOUND"
  | "PROPOSAL_NOT_FOUND"
  | "ALIAS_READ_ONLY"
  | "READ_ONLY_SOURCE"
  | "VERSION_CONFLICT"
  | "REVIEW_OFF"
  | "PROPOSAL_CLOSED"
  | "OWN_PROPOSAL"
  | "TOO_MANY_PROPOSALS"
  | "CHANGES_FROZEN"
  | "SOURCE_READ_FAILED"
  | "STORE_UNAVAILABLE"
  | "STORE_READ_FAILED"
  | "STORE_WRITE_FAILED"
  | "TOKENS_NOT_CONFIGURED"
  | "EXPORT_FAILED"
  | "MISSING_PACKAGE"
  | "START_TIMEOUT"
  | "CONTEXT_FAILED"
  | "NO_INSTANCE"
  | "MISUSE"
  | "CLOSED";

export interface HalyardErrorOptions {
  readonly cause?: unknown;
  /** For `INVALID_DEFINITIONS`: everything that is wrong, not just the first. */
  readonly problems?: readonly Problem[];
}

/** The one error class of the project. Branch on `code`, show `message`. */
export class HalyardError extends Error {
  override readonly name = "HalyardError";
  readonly code: HalyardErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: HalyardErrorCode, message: string, options: HalyardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [];
  }
}
