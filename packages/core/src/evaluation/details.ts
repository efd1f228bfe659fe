import type { FlagMetadata } from "../definition/flag.ts";
import type { JsonValue } from "../json.ts";

/** Why a value was served, in OpenFeature's words. */
export type Reason =
  | "STATIC"
  | "TARGETING_MATCH"
  | "SPLIT"
  | "DISABLED"
  | "DEFAULT"
  | "STALE"
  | "ERROR";

/** Which part of the flag served it. */
export type Cause =
  | "FALLTHROUGH"
  | "TARGET_MATCH"
  | "RULE_MATCH"
  | "PREREQUISITE_FAILED"
  | "OFF"
  | "OVERRIDE"
  | "ERROR";

/** OpenFeature's error codes, as far as evaluation gives them. */
export type EvaluationErrorCode =
  | "FLAG_NOT_FOUND"
  | "TYPE_MISMATCH"
  | "PROVIDER_NOT_READY"
  | "GENERAL";

/**
 * The outcome of one evaluation. Made once per outcome when the flag is compiled, deeply frozen,
 * and handed out as it is: two reads with the same outcome give the same object.
 */
export interface EvaluationDetails<T = JsonValue | undefined> {
  readonly flagKey: string;
  readonly value: T;
  /** Name of the variant with this value; `undefined` when the value is no variant's. */
  readonly variant: string | undefined;
  /** Index in the flag's `variants`. */
  readonly variantIndex: number | undefined;
  readonly reason: Reason;
  readonly cause: Cause;
  /** The rule's id, or its index as a string. */
  readonly ruleId: string | undefined;
  /** Served by a rollout that is marked `experiment`. */
  readonly inExperiment: boolean;
  readonly errorCode: EvaluationErrorCode | undefined;
  readonly errorMessage: string | undefined;
  readonly flagMetadata: FlagMetadata;
  /** The flag's version, where its source keeps one. */
  readonly version: number | undefined;
}

export const NO_METADATA: FlagMetadata = Object.freeze({});

/** The details of a read that got the caller's default. */
export function errorDetails<T>(
  flagKey: string,
  value: T,
  errorCode: EvaluationErrorCode,
  errorMessage: string,
  flagMetadata: FlagMetadata = NO_METADATA,
): EvaluationDetails<T> {
  return Object.freeze({
    flagKey,
    value,
    variant: undefined,
    variantIndex: undefined,
    reason: "ERROR",
    cause: "ERROR",
    ruleId: undefined,
    inExperiment: false,
    errorCode,
    errorMessage,
    flagMetadata,
    version: undefined,
  });
}

const staleTwins = new WeakMap<EvaluationDetails, EvaluationDetails>();

/** The same outcome while the source is stale; made when first needed, then kept. */
export function staleDetails(details: EvaluationDetails): EvaluationDetails {
  if (details.reason === "ERROR") return details;
  let twin = staleTwins.get(details);
  if (twin === undefined) {
    twin = Object.freeze({ ...details, reason: "STALE" as const });
    staleTwins.set(details, twin);
  }
  return twin;
}
