import type { Flag, ScheduleStep, Serve } from "../definition/flag.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FinalStep, FlagCompiler, Outcomes, Step } from "./flag.ts";
import { parseDate } from "./operators/dates.ts";
import { compileServe, isPartial, type ServeNode, servedRanges } from "./rollout.ts";
import type { EvaluationState } from "./state.ts";

/** The end of a flag: its fallthrough, at the schedule's percentage if it has one, or its default. */
export function compileFallthrough(
  key: string,
  flag: Flag,
  outcomes: Outcomes,
  compiler: FlagCompiler,
): FinalStep {
  const { fallthrough, schedule } = flag;
  const otherwise = outcomes.ofValue(flag.default, unsplitReason(flag), "FALLTHROUGH");
  if (fallthrough === undefined) return always(otherwise);
  const serve = (definition: Serve): Step =>
    serveOfFallthrough({ key, flag, outcomes }, definition, compiler).serve;
  if (schedule === undefined) return orElse(serve(fallthrough), otherwise);
  const before = serve(fallthroughAt(flag, undefined));
  const steps = schedule.map((step) => serve(fallthroughAt(flag, step)));
  return scheduled(before, steps, startsOf(schedule), otherwise);
}

/** The fallthrough at a step of the schedule; before the first one, at what is written, or nobody. */
export function fallthroughAt(
  { fallthrough, schedule }: Flag,
  step: ScheduleStep | undefined,
): Serve {
  if (schedule === undefined) return { ...fallthrough };
  return { ...fallthrough, percentage: step?.percentage ?? fallthrough?.percentage ?? 0 };
}

/** The step of the schedule that is in force. */
export function currentStep(
  schedule: readonly ScheduleStep[],
  state: EvaluationState,
): ScheduleStep | undefined {
  return schedule[currentIndex(startsOf(schedule), state)];
}

/** The serving part of a fallthrough alone. */
export function serveOfFallthrough(
  { key, flag, outcomes }: { key: string; flag: Flag; outcomes: Outcomes },
  definition: Serve,
  { slots }: FlagCompiler,
): ServeNode {
  const reason = unsplitReason(flag);
  return compileServe(definition, {
    slots,
    variants: flag.variants,
    defaultSalt: key,
    details: (variant, split, inExperiment) =>
      outcomes.ofVariant(variant, split ? "SPLIT" : reason, "FALLTHROUGH", undefined, inExperiment),
  });
}

/** Static is what serves everybody the same at any time. */
function unsplitReason(flag: Flag): "STATIC" | "DEFAULT" {
  const { prerequisites, targets, rules, schedule, fallthrough } = flag;
  const targeted = [prerequisites, targets, rules, schedule].some((part) => part !== undefined);
  const partial = fallthrough !== undefined && isPartial(servedRanges(fallthrough, flag.variants));
  return targeted || partial ? "DEFAULT" : "STATIC";
}

function always(details: EvaluationDetails): FinalStep {
  return () => details;
}

function orElse(serve: Step, otherwise: EvaluationDetails): FinalStep {
  return (state) => serve(state) ?? otherwise;
}

/** Epoch milliseconds. */
function startsOf(schedule: readonly ScheduleStep[]): readonly number[] {
  return schedule.map(({ from }) => parseDate(from) ?? Number.POSITIVE_INFINITY);
}

/** -1 before the first step. */
function currentIndex(starts: readonly number[], state: EvaluationState): number {
  const { now } = state;
  for (let index = starts.length - 1; index >= 0; index--) {
    if ((starts[index] as number) <= now) return index;
  }
  return -1;
}

function scheduled(
  before: Step,
  steps: readonly Step[],
  starts: readonly number[],
  otherwise: EvaluationDetails,
): FinalStep {
  return (state) => (steps[currentIndex(starts, state)] ?? before)(state) ?? otherwise;
}
