import type { JsonValue } from "../json.ts";
import type { EvaluationDetails } from "./details.ts";

/** Why a flag gave what it gave: what `explain` returns. Plain JSON, for people and pages. */
export interface Explanation {
  readonly flagKey: string;
  /** The key that was asked for, where an alias or white space made it another. */
  readonly requestedKey: string;
  readonly details: EvaluationDetails;
  /** Every override looked at, highest layer first. */
  readonly overrides: readonly OverrideTrace[];
  /** What was evaluated, in order, up to the step that decided. Empty under an override. */
  readonly steps: readonly StepTrace[];
}

export interface OverrideTrace {
  readonly layer: string;
  readonly priority: number;
  readonly scope: string;
  readonly state: string;
  readonly value: JsonValue | undefined;
  readonly expiresAt: number | undefined;
  /** Of one that the request brought along: `url`, or `token:` with the token's id. */
  readonly origin?: string;
  /** `served`, or why it was passed over. */
  readonly outcome: "served" | "lower" | "unset" | "expired" | "wrong type" | "not overridable";
}

export type StepTrace =
  | { readonly step: "off"; readonly because: "not enabled" | "not in this environment" }
  | {
      readonly step: "prerequisite";
      readonly flag: string;
      readonly expected: string;
      readonly served: string | undefined;
      readonly outcome: boolean;
    }
  | {
      readonly step: "target";
      readonly attribute: string;
      readonly variant: string;
      readonly actual: JsonValue | undefined;
      readonly outcome: boolean;
    }
  | {
      readonly step: "rule";
      readonly ruleId: string;
      readonly condition: ConditionTrace | undefined;
      /** Absent when the condition did not hold. */
      readonly serve: ServeTrace | undefined;
      readonly outcome: "served" | "no match" | "next rule" | "fallthrough";
    }
  | {
      readonly step: "fallthrough";
      readonly schedule: { readonly from: string; readonly percentage: number } | undefined;
      readonly serve: ServeTrace | undefined;
      /** `default`: nothing was served, so the flag's default was. */
      readonly outcome: "served" | "default";
    };

export interface ServeTrace {
  /** Attribute that is bucketed; absent when everybody is served the same. */
  readonly by: string | undefined;
  readonly salt: string | undefined;
  /** 0 to 99,999; absent without a unit, or when no bucket was needed. */
  readonly bucket: number | undefined;
  /**
   * The variant that the unit was assigned in this experiment. It is what is served, whatever the
   * bucket, unless the flag has no such variant any more. Absent where nothing is assigned.
   */
  readonly assigned: string | undefined;
  /** Buckets from `from` (inclusive) to `to` (exclusive) get the variant. */
  readonly ranges: readonly {
    readonly variant: string;
    readonly from: number;
    readonly to: number;
  }[];
  readonly variant: string | undefined;
}

export type ConditionTrace =
  | {
      readonly kind: "clause";
      readonly attribute: string;
      readonly op: string;
      readonly values: readonly JsonValue[];
      readonly negate: boolean;
      /** `undefined` when the attribute is missing; objects are shown as `{}`. */
      readonly actual: JsonValue | undefined;
      readonly outcome: boolean;
    }
  | {
      readonly kind: "all" | "any";
      readonly conditions: readonly ConditionTrace[];
      readonly outcome: boolean;
    }
  | { readonly kind: "not"; readonly condition: ConditionTrace; readonly outcome: boolean }
  | {
      readonly kind: "segment";
      readonly segment: string;
      readonly condition: ConditionTrace;
      readonly outcome: boolean;
    };
