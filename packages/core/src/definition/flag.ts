import type { JsonValue, Scalar } from "../json.ts";

export type FlagType = "boolean" | "string" | "integer" | "number" | "json";

/** Metadata as OpenFeature defines it: flat, primitive. */
export type FlagMetadata = Readonly<Record<string, Scalar>>;

/**
 * One flag in canonical form: what every shorthand is normalised to, what stores keep and what
 * the compiler reads. Valid input to the loader again, with the same meaning.
 */
export interface Flag {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly type: FlagType;
  readonly enabled: boolean;
  /** Where the flag is in force; absent means everywhere. */
  readonly environments?: readonly string[] | undefined;
  /** Absent means none: the values that it serves have no names. */
  readonly variants?: readonly Variant[] | undefined;
  /** Served when nothing matches and there is no fallthrough. */
  readonly default: JsonValue;
  /** Served when not enabled, outside its environments, or when a prerequisite fails. */
  readonly off: JsonValue;
  readonly prerequisites?: readonly Prerequisite[] | undefined;
  readonly targets?: readonly Target[] | undefined;
  readonly rules?: readonly Rule[] | undefined;
  readonly fallthrough?: Serve | undefined;
  readonly schedule?: readonly ScheduleStep[] | undefined;
  /** `false`: only emergency and local overrides apply. */
  readonly overridable: boolean;
  /** Whether browsers may see it. */
  readonly client: boolean;
  readonly tags?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly expires?: string | undefined;
  readonly metadata?: FlagMetadata | undefined;
  readonly createdAt?: string | undefined;
  readonly updatedAt?: string | undefined;
  readonly version?: number | undefined;
  readonly [extension: `x-${string}`]: JsonValue;
}

export interface Variant {
  readonly name: string;
  readonly value: JsonValue;
}

const NONE: readonly Variant[] = Object.freeze([]);

/** The variants of a flag, of which there may be none. */
export function variantsOf({ variants = NONE }: Pick<Flag, "variants">): readonly Variant[] {
  return variants;
}

export interface Prerequisite {
  readonly flag: string;
  readonly variant: string;
}

export interface Target {
  /** Absent means `targetingKey`. */
  readonly attribute?: string | undefined;
  readonly variant: string;
  readonly values: readonly Scalar[];
}

/** Serves a variant, to a percentage of those who get here, or splits them by weights. */
export interface Serve {
  readonly serve?: string | undefined;
  /** 0 to 100, in steps of 0.001; absent means 100. */
  readonly percentage?: number | undefined;
  readonly rollout?: Rollout | undefined;
}

export interface Rule extends Serve {
  readonly id?: string | undefined;
  /** Absent means everybody. */
  readonly when?: Condition | undefined;
}

export interface Rollout {
  /** Path of the attribute that is bucketed; absent means `targetingKey`. */
  readonly by?: string | undefined;
  /** Absent means the flag's key, with `/` and the rule's id behind it inside a rule. */
  readonly salt?: string | undefined;
  /** In the order of the flag's variants. */
  readonly weights: readonly Weight[];
  /** What the weights are parts of; absent means 100. */
  readonly unit?: 100000 | undefined;
  readonly experiment?: boolean | undefined;
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
  readonly values?: readonly JsonValue[] | undefined;
  readonly negate?: boolean | undefined;
  readonly orEqual?: boolean | undefined;
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
