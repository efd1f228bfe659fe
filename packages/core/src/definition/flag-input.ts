import type { Scalar } from "../json.ts";

// What applications write in TypeScript: the fields of files, with the values that they take. The
// loader checks all of it again, and what types can't say.

/** A flag as applications write it. */
export interface FlagInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Inferred from the variants or the default. */
  readonly type?: TypeName | undefined;
  readonly enabled?: boolean | undefined;
  readonly environments?: readonly string[] | undefined;
  /** A value, not a variant's name. */
  readonly default?: unknown;
  /** Served when not enabled: a value, not a variant's name. */
  readonly off?: unknown;
  readonly variants?:
    | Readonly<Record<string, unknown>>
    | readonly { readonly name: string; readonly value: unknown; readonly weight?: number }[]
    | undefined;
  readonly prerequisites?: readonly PrerequisiteInput[] | undefined;
  readonly targets?: readonly TargetInput[] | undefined;
  readonly rules?: readonly RuleInput[] | undefined;
  readonly fallthrough?: ServeInput | undefined;
  /** Of boolean flags: 0 to 100. */
  readonly percentage?: number | undefined;
  readonly conditions?: ConditionsInput | undefined;
  readonly schedule?: readonly ScheduleStepInput[] | undefined;
  readonly overridable?: boolean | undefined;
  readonly client?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly expires?: string | Date | undefined;
  readonly metadata?: Readonly<Record<string, Scalar>> | undefined;
  readonly [extension: `x-${string}`]: unknown;
}

type TypeName =
  | "boolean"
  | "bool"
  | "string"
  | "integer"
  | "int"
  | "number"
  | "float"
  | "json"
  | "object";

/** A variant by its name or its index. */
type VariantInput = string | number;

type PrerequisiteInput =
  | { readonly flag: string; readonly variant: VariantInput }
  | { readonly key: string; readonly variation: VariantInput };

export interface TargetInput {
  /** Default `targetingKey`. */
  readonly attribute?: string | undefined;
  readonly variant?: VariantInput | undefined;
  readonly variation?: VariantInput | undefined;
  readonly values: readonly Scalar[];
}

/** What is served, and to how many of those who get here. */
export interface ServeInput {
  readonly serve?: VariantInput | undefined;
  readonly variation?: VariantInput | undefined;
  /** 0 to 100; goes with `serve`. */
  readonly percentage?: number | undefined;
  readonly rollout?: RolloutInput | undefined;
}

export interface RuleInput extends ServeInput {
  readonly id?: string | undefined;
  /** Absent or empty: everybody. */
  readonly when?: ConditionInput | undefined;
  readonly condition?: ConditionInput | undefined;
  readonly clauses?: readonly ConditionInput[] | undefined;
}

export interface RolloutInput {
  /** Attribute that is bucketed. Default `targetingKey`. */
  readonly by?: string | undefined;
  readonly bucketBy?: string | undefined;
  readonly salt?: string | undefined;
  readonly weights?: WeightsInput | undefined;
  readonly variations?: WeightsInput | undefined;
  /** 100000: weights are whole numbers out of that, not percentages. */
  readonly unit?: number | undefined;
  readonly experiment?: boolean | undefined;
}

type WeightsInput =
  | Readonly<Record<string, number>>
  | readonly {
      readonly variant?: VariantInput | undefined;
      readonly variation?: VariantInput | undefined;
      readonly weight: number;
    }[];

export type ConditionInput =
  | ClauseInput
  | readonly ConditionInput[]
  | { readonly all: readonly ConditionInput[] }
  | { readonly any: readonly ConditionInput[] }
  | { readonly not: ConditionInput }
  | { readonly segment: string | readonly string[] }
  | { readonly condition: ConditionInput };

export interface ClauseInput {
  /** A path, such as `user.plan`. Absent with the operator `segment`. */
  readonly attribute?: string | undefined;
  readonly op?: OperatorName | undefined;
  readonly operator?: OperatorName | undefined;
  /** Any of them. */
  readonly values?: readonly OperandInput[] | undefined;
  readonly value?: OperandInput | undefined;
  readonly negate?: boolean | undefined;
  /** Of `before` and `after`: includes the bound. */
  readonly orEqual?: boolean | undefined;
}

type OperandInput = Scalar | Date;

/** The operators by their own names; other systems' names are taken too. */
type OperatorName =
  | "eq"
  | "neq"
  | "in"
  | "notIn"
  | "contains"
  | "notContains"
  | "startsWith"
  | "endsWith"
  | "matches"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "between"
  | "before"
  | "after"
  | "exists"
  | "notExists"
  | "semver_eq"
  | "semver_gt"
  | "semver_gte"
  | "semver_lt"
  | "semver_lte"
  | "semver_range"
  | "cidr"
  | "segment"
  // Completion offers the names above, and any other text passes.
  | (string & {});

/** Of boolean flags: attributes are ANDed, groups any-of, attributes OR groups. */
interface ConditionsInput {
  readonly attributes?:
    | Readonly<Record<string, Scalar | readonly Scalar[] | Readonly<Record<string, unknown>>>>
    | undefined;
  readonly groups?: readonly string[] | undefined;
}

interface ScheduleStepInput {
  readonly from: string | number | Date;
  readonly percentage: number;
}
