import type { Flag, FlagType } from "../definition/flag.ts";
import { type JsonValue, jsonEqual } from "../json.ts";
import type { ConditionCompiler } from "./condition.ts";
import { type Cause, type EvaluationDetails, NO_METADATA, type Reason } from "./details.ts";
import { compileFallthrough } from "./fallthrough.ts";
import { compilePrerequisites } from "./prerequisite.ts";
import { compileRules } from "./rule.ts";
import type { EvaluationState } from "./state.ts";
import { compileTargets } from "./target.ts";

/** A flag ready to be evaluated: closures over what its definition says, and frozen outcomes. */
export interface CompiledFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly flag: Flag;
  readonly evaluate: FinalStep;
}

/** One step of a flag. Gives the outcome, or `undefined` to go on with the next step. */
export type Step = (state: EvaluationState) => EvaluationDetails | undefined;

/** The last step: always gives an outcome. */
export type FinalStep = (state: EvaluationState) => EvaluationDetails;

export interface FlagCompiler extends ConditionCompiler {
  /** The current environment; flags of other environments are off. */
  readonly environment: string | undefined;
}

/** Makes the frozen outcomes of one flag. */
export interface Outcomes {
  readonly ofVariant: (
    variant: number,
    reason: Reason,
    cause: Cause,
    ruleId?: string,
    inExperiment?: boolean,
  ) => EvaluationDetails;
  readonly ofValue: (value: JsonValue, reason: Reason, cause: Cause) => EvaluationDetails;
}

export function outcomesOf(key: string, flag: Flag | undefined): Outcomes {
  const variants = flag?.variants ?? [];
  const flagMetadata = flag?.metadata ?? NO_METADATA;
  const make = (
    index: number,
    value: JsonValue,
    reason: Reason,
    cause: Cause,
    ruleId?: string,
    inExperiment = false,
  ): EvaluationDetails =>
    Object.freeze({
      flagKey: key,
      value,
      variant: variants[index]?.name,
      variantIndex: index < 0 ? undefined : index,
      reason,
      cause,
      ruleId,
      inExperiment,
      errorCode: undefined,
      errorMessage: undefined,
      flagMetadata,
      version: flag?.version,
    });
  return {
    ofVariant: (index, ...rest) => make(index, variants[index]?.value ?? null, ...rest),
    ofValue: (value, reason, cause) => {
      const index = variants.findIndex((variant) => jsonEqual(variant.value, value));
      return make(index, value, reason, cause);
    },
  };
}

export function compileFlag(key: string, flag: Flag, compiler: FlagCompiler): CompiledFlag {
  const { type, prerequisites, targets } = flag;
  const outcomes = outcomesOf(key, flag);
  if (whyOff(flag, compiler.environment) !== undefined) {
    const evaluate = always(outcomes.ofValue(flag.off, "DISABLED", "OFF"));
    return { key, type, flag, evaluate };
  }
  const fallthrough = compileFallthrough(key, flag, outcomes, compiler);
  const steps: Step[] = [];
  if (prerequisites !== undefined) steps.push(compilePrerequisites(flag, prerequisites, outcomes));
  if (targets !== undefined) steps.push(compileTargets(flag, targets, outcomes, compiler));
  steps.push(...compileRules({ key, flag, outcomes, fallthrough }, compiler));
  return { key, type, flag, evaluate: chain(steps, fallthrough) };
}

/** Why a flag serves its off value to everybody; `undefined` when it does not. */
export function whyOff(
  { enabled, environments }: Flag,
  environment: string | undefined,
): "not enabled" | "not in this environment" | undefined {
  if (!enabled) return "not enabled";
  if (environments === undefined) return undefined;
  const inForce = environment !== undefined && environments.includes(environment);
  return inForce ? undefined : "not in this environment";
}

function always(details: EvaluationDetails): FinalStep {
  return () => details;
}

/** One function for all steps; short chains, the usual ones, without a loop. */
function chain(steps: readonly Step[], last: FinalStep): FinalStep {
  const [first, second] = steps;
  if (first === undefined) return last;
  if (second === undefined) return chainTwo(first, last);
  return steps.length === 2 ? chainThree(first, second, last) : chainMany(steps, last);
}

function chainTwo(first: Step, last: FinalStep): FinalStep {
  return (state) => first(state) ?? last(state);
}

function chainThree(first: Step, second: Step, last: FinalStep): FinalStep {
  return (state) => first(state) ?? second(state) ?? last(state);
}

function chainMany(steps: readonly Step[], last: FinalStep): FinalStep {
  return (state) => {
    for (const step of steps) {
      const details = step(state);
      if (details !== undefined) return details;
    }
    return last(state);
  };
}
