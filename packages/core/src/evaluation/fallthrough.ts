import { type Flag, type ScheduleStep, type Serve, variantsOf } from "../definition/flag.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FlagCompiler, Outcomes } from "./flag.ts";
import { parseDate } from "./operators/dates.ts";
import { compileServe, isPartial, type ServeNode, servedRanges } from "./rollout.ts";
import type { EvaluationState } from "./state.ts";
import { type Ending, type FinalStep, type Serving, type Step, servedTo } from "./step.ts";

/** The end of a flag: its fallthrough, at the schedule's percentage if it has one, or its default. */
export function compileFallthrough(
  key: string,
  flag: Flag,
  outcomes: Outcomes,
  compiler: FlagCompiler,
): Ending {
  const { fallthrough, schedule } = flag;
  const input = { key, flag, outcomes };
  const serve = (definition: Serve): Serving =>
    serveOfFallthrough(input, definition, compiler).serve;
  const whole =
    fallthrough === undefined || schedule !== undefined ? undefined : serve(fallthrough);
  if (whole !== undefined && typeof whole !== "function") return whole;
  const otherwise = outcomes.ofValue(flag.default, unsplitReason(flag), "FALLTHROUGH");
  if (whole !== undefined) return orElse(whole, otherwise);
  if (fallthrough === undefined || schedule === undefined) return otherwise;
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
  { slots, assignments }: FlagCompiler,
): ServeNode {
  return compileServe(definition, {
    key,
    slots,
    variants: variantsOf(flag),
    defaultSalt: key,
    outcomes,
    reason: unsplitReason(flag),
    cause: "FALLTHROUGH",
    ruleId: undefined,
    assignments,
  });
}

/** Static is what serves everybody the same at any time. */
function unsplitReason(flag: Flag): "STATIC" | "DEFAULT" {
  const { prerequisites, targets, rules, schedule, fallthrough } = flag;
  if ((prerequisites ?? targets ?? rules ?? schedule) !== undefined) return "DEFAULT";
  const partial =
    fallthrough !== undefined && isPartial(servedRanges(fallthrough, variantsOf(flag)));
  return partial ? "DEFAULT" : "STATIC";
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
  before: Serving,
  steps: readonly Serving[],
  starts: readonly number[],
  otherwise: EvaluationDetails,
): FinalStep {
  return (state) => {
    const index = currentIndex(starts, state);
    return servedTo(state, index < 0 ? before : steps[index]) ?? otherwise;
  };
}
