import type { Flag, FlagType } from "../definition/flag.ts";
import { type JsonValue, jsonEqual } from "../json.ts";
import type { ConditionCompiler } from "./condition.ts";
import { type Cause, type EvaluationDetails, NO_METADATA, type Reason } from "./details.ts";
import { compileFallthrough } from "./fallthrough.ts";
import { compilePrerequisites } from "./prerequisite.ts";
import { compileRule } from "./rule.ts";
import type { EvaluationState } from "./state.ts";
import { compileTargets } from "./target.ts";
import type { StepTrace } from "./trace.ts";

/** A flag ready to be evaluated: closures over what its definition says, and frozen outcomes. */
export interface CompiledFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly flag: Flag;
  readonly evaluate: (state: EvaluationState) => EvaluationDetails;
  /** What {@link evaluate} did: the steps up to the one that decided. */
  readonly explain: (state: EvaluationState) => {
    readonly details: EvaluationDetails;
    readonly steps: readonly StepTrace[];
  };
}

/** One step of a flag. Gives the outcome, or `undefined` to go on with the next step. */
export interface StepNode {
  readonly evaluate: (state: EvaluationState) => EvaluationDetails | undefined;
  /** Says what the step looked at; the step that decides says `details`. */
  readonly explain: (state: EvaluationState) => {
    readonly details: EvaluationDetails | undefined;
    readonly steps: readonly StepTrace[];
  };
}

/** The last step: always gives an outcome. */
export interface FinalNode extends StepNode {
  readonly evaluate: (state: EvaluationState) => EvaluationDetails;
  readonly explain: (state: EvaluationState) => {
    readonly details: EvaluationDetails;
    readonly steps: readonly StepTrace[];
  };
}

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
  const shared = { flagMetadata: flag?.metadata ?? NO_METADATA, version: flag?.version };
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
      variant: index < 0 ? undefined : variants[index]?.name,
      variantIndex: index < 0 ? undefined : index,
      reason,
      cause,
      ruleId,
      inExperiment,
      errorCode: undefined,
      errorMessage: undefined,
      ...shared,
    });
  return {
    ofVariant: (index, ...rest) =>
      make(index, (variants[index]?.value ?? null) as JsonValue, ...rest),
    ofValue: (value, reason, cause) =>
      make(
        variants.findIndex((variant) => jsonEqual(variant.value, value)),
        value,
        reason,
        cause,
      ),
  };
}

export function compileFlag(key: string, flag: Flag, compiler: FlagCompiler): CompiledFlag {
  const { type } = flag;
  const outcomes = outcomesOf(key, flag);
  const off = whyOff(flag, compiler.environment);
  if (off !== undefined) {
    const details = outcomes.ofValue(flag.off, "DISABLED", "OFF");
    const steps: readonly StepTrace[] = [{ step: "off", because: off }];
    return { key, type, flag, evaluate: () => details, explain: () => ({ details, steps }) };
  }
  const last = compileFallthrough(key, flag, outcomes, compiler);
  const steps: StepNode[] = [];
  if (flag.prerequisites !== undefined && flag.prerequisites.length > 0) {
    steps.push(compilePrerequisites(flag, flag.prerequisites, outcomes));
  }
  if (flag.targets !== undefined && flag.targets.length > 0) {
    steps.push(compileTargets(flag, flag.targets, outcomes, compiler));
  }
  for (const [index, rule] of (flag.rules ?? []).entries()) {
    steps.push(compileRule({ key, flag, rule, index, outcomes, fallthrough: last }, compiler));
  }
  return { key, type, flag, evaluate: chain(steps, last), explain: explainAll(steps, last) };
}

function whyOff(flag: Flag, environment: string | undefined) {
  if (!flag.enabled) return "not enabled";
  if (flag.environments === undefined) return undefined;
  const inForce = environment !== undefined && flag.environments.includes(environment);
  return inForce ? undefined : "not in this environment";
}

/** One function for all steps; short chains, the usual ones, without a loop. */
function chain(steps: readonly StepNode[], last: FinalNode): CompiledFlag["evaluate"] {
  const [first, second] = steps.map((step) => step.evaluate);
  const final = last.evaluate;
  if (first === undefined) return final;
  if (second === undefined) return (state) => first(state) ?? final(state);
  if (steps.length === 2) return (state) => first(state) ?? second(state) ?? final(state);
  const all = steps.map((step) => step.evaluate);
  return (state) => {
    for (const step of all) {
      const details = step(state);
      if (details !== undefined) return details;
    }
    return final(state);
  };
}

function explainAll(nodes: readonly StepNode[], last: FinalNode): CompiledFlag["explain"] {
  return (state) => {
    const steps: StepTrace[] = [];
    for (const node of nodes) {
      const explained = node.explain(state);
      steps.push(...explained.steps);
      if (explained.details !== undefined) return { details: explained.details, steps };
    }
    const explained = last.explain(state);
    return { details: explained.details, steps: [...steps, ...explained.steps] };
  };
}
