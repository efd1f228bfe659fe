import type { JsonValue, Scalar } from "../json.ts";

export type FlagType = "boolean" | "string" | "integer" | "number" | "json";

/** Metadata as OpenFeature defines it: flat, primitive. */
export type FlagMetadata = Readonly<Record<string, Scalar>>;

/**
 * One flag in canonical form: what every shorthand is normalised to, what stores keep and what
 * the compiler reads. Valid input to the loader again, with the same meaning.
 */
export interface Flag {
  readonly name?: string;
  readonly description?: string;
  readonly type: FlagType;
  readonly enabled: boolean;
  /** Where the flag is in force; absent means everywhere. */
  readonly environments?: readonly string[];
  readonly variants: readonly Variant[];
  /** Served when nothing matches and there is no fallthrough. */
  readonly default: JsonValue;
  /** Served when not enabled, outside its environments, or when a prerequisite fails. */
  readonly off: JsonValue;
  readonly prerequisites?: readonly Prerequisite[];
  readonly targets?: readonly Target[];
  readonly rules?: readonly Rule[];
  readonly fallthrough?: Serve;
  readonly schedule?: readonly ScheduleStep[];
  /** `false`: only emergency and local overrides apply. */
  readonly overridable: boolean;
  /** Whether browsers may see it. */
  readonly client: boolean;
  readonly tags?: readonly string[];
  readonly owner?: string;
  readonly expires?: string;
  readonly metadata?: FlagMetadata;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  readonly version?: number;
  readonly [extension: `x-${string}`]: JsonValue;
}

export interface Variant {
  readonly name: string;
  readonly value: JsonValue;
}

export interface Prerequisite {
  readonly flag: string;
  readonly variant: string;
}

export interface Target {
  /** Absent means `targetingKey`. */
  readonly attribute?: string;
  readonly variant: string;
  readonly values: readonly Scalar[];
}

/** Serves a variant, to a percentage of those who get here, or splits them by weights. */
export interface Serve {
  readonly serve?: string;
  /** 0 to 100, in steps of 0.001; absent means 100. */
  readonly percentage?: number;
  readonly rollout?: Rollout;
}

export interface Rule extends Serve {
  readonly id?: string;
  /** Absent means everybody. */
  readonly when?: Condition;
}

export interface Rollout {
  /** Path of the attribute that is bucketed; absent means `targetingKey`. */
  readonly by?: string;
  /** Absent means the flag's key, with `/` and the rule's id behind it inside a rule. */
  readonly salt?: string;
  /** In the order of the flag's variants. */
  readonly weights: readonly Weight[];
  /** What the weights are parts of; absent means 100. */
  readonly unit?: 100000;
  readonly experiment?: boolean;
}

export interface Weight {
  readonly variant: string;
  readonly weight: number;
}

export interface ScheduleStep {
  /** ISO 8601. */
  readonly from: string;
  readonly percentage: number;
}

export type Condition =
  | Clause
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly segment: string | readonly string[] };

export interface Clause {
  readonly attribute: string;
  /** Canonical name of an operator. */
  readonly op: string;
  readonly values?: readonly JsonValue[];
  readonly negate?: boolean;
  readonly orEqual?: boolean;
}

/** The type a value has on its own; `integer` is never inferred. */
export function typeOfValue(value: JsonValue): FlagType {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "string":
      return "string";
    case "number":
      return "number";
    default:
      return "json";
  }
}

/** Whether a value may be served by a flag of this type. */
export function fitsType(value: JsonValue, type: FlagType): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "json":
      return true;
  }
}
