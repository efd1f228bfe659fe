import { type Flag, type FlagType, type Variant, variantsOf } from "../definition/flag.ts";
import { type JsonValue, jsonEqual } from "../json.ts";
import type { ConditionCompiler } from "./condition.ts";
import { type Cause, type EvaluationDetails, NO_METADATA, type Reason } from "./details.ts";
import { compileFallthrough } from "./fallthrough.ts";
import { compilePrerequisites } from "./prerequisite.ts";
import { compileRules } from "./rule.ts";
import type { Ending, FinalStep, Step } from "./step.ts";
import type { AssignmentBook } from "./sticky.ts";
import { compileTargets } from "./target.ts";

/** A flag ready to be evaluated: closures over what its definition says, and frozen outcomes. */
export interface CompiledFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly flag: Flag;
  /** What everybody gets; `undefined` when it depends on who asks. */
  readonly outcome: EvaluationDetails | undefined;
  readonly evaluate: FinalStep;
}

export interface FlagCompiler extends ConditionCompiler {
  /** The current environment; flags of other environments are off. */
  readonly environment: string | undefined;
  /** What is known of experiments' assignments; absent: they are not kept. */
  readonly assignments: AssignmentBook | undefined;
}

/** Makes the frozen outcomes of one flag. */
export class Outcomes {
  readonly #key: string;
  readonly #flag: Flag | undefined;
  readonly #variants: readonly Variant[];

  constructor(key: string, flag: Flag | undefined) {
    this.#key = key;
    this.#flag = flag;
    this.#variants = flag === undefined ? [] : variantsOf(flag);
  }

  ofVariant(
    index: number,
    reason: Reason,
    cause: Cause,
    ruleId?: string,
    inExperiment = false,
  ): EvaluationDetails {
    const value = this.#variants[index]?.value ?? null;
    return this.#make(index, value, reason, cause, ruleId, inExperiment);
  }

  ofValue(value: JsonValue, reason: Reason, cause: Cause): EvaluationDetails {
    const index = this.#variants.findIndex((variant) => jsonEqual(variant.value, value));
    return this.#make(index, value, reason, cause, undefined, false);
  }

  #make(
    index: number,
    value: JsonValue,
    reason: Reason,
    cause: Cause,
    ruleId: string | undefined,
    inExperiment: boolean,
  ): EvaluationDetails {
    const flag = this.#flag;
    return Object.freeze({
      flagKey: this.#key,
      value,
      variant: this.#variants[index]?.name,
      variantIndex: index < 0 ? undefined : index,
      reason,
      cause,
      ruleId,
      inExperiment,
      errorCode: undefined,
      errorMessage: undefined,
      flagMetadata: flag?.metadata ?? NO_METADATA,
      version: flag?.version,
    });
  }
}

export function outcomesOf(key: string, flag: Flag | undefined): Outcomes {
  return new Outcomes(key, flag);
}

export function compileFlag(key: string, flag: Flag, compiler: FlagCompiler): CompiledFlag {
  const { type, prerequisites, targets } = flag;
  const outcomes = outcomesOf(key, flag);
  if (whyOff(flag, compiler.environment) !== undefined) {
    const outcome = outcomes.ofValue(flag.off, "DISABLED", "OFF");
    return { key, type, flag, outcome, evaluate: always(outcome) };
  }
  const fallthrough = compileFallthrough(key, flag, outcomes, compiler);
  const steps: Step[] = [];
  if (prerequisites !== undefined) steps.push(compilePrerequisites(flag, prerequisites, outcomes));
  if (targets !== undefined) steps.push(compileTargets(flag, targets, outcomes, compiler));
  if (flag.rules !== undefined) {
    compileRules({ key, flag, rules: flag.rules, outcomes, fallthrough }, compiler, steps);
  }
  const outcome = steps.length > 0 || typeof fallthrough === "function" ? undefined : fallthrough;
  return { key, type, flag, outcome, evaluate: chain(steps, fallthrough) };
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
function chain(steps: readonly Step[], last: Ending): FinalStep {
  const [first, second] = steps;
  if (first === undefined) return typeof last === "function" ? last : always(last);
  if (second !== undefined) return chainMany(steps, last);
  return typeof last === "function" ? chainTwo(first, last) : orElse(first, last);
}

function orElse(first: Step, otherwise: EvaluationDetails): FinalStep {
  return (state) => first(state) ?? otherwise;
}

function chainTwo(first: Step, last: FinalStep): FinalStep {
  return (state) => first(state) ?? last(state);
}

function chainMany(steps: readonly Step[], last: Ending): FinalStep {
  return (state) => {
    for (const step of steps) {
      const details = step(state);
      if (details !== undefined) return details;
    }
    return typeof last === "function" ? last(state) : last;
  };
}
