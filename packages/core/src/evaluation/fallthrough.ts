import type { Flag, ScheduleStep, Serve } from "../definition/flag.ts";
import type { EvaluationDetails } from "./details.ts";
import type { FinalNode, FlagCompiler, Outcomes } from "./flag.ts";
import { parseDate } from "./operators/dates.ts";
import { compileServe, isPartial, type ServeNode, servedRanges } from "./rollout.ts";
import type { EvaluationState } from "./state.ts";

/** The end of a flag: its fallthrough, at the schedule's percentage if it has one, or its default. */
export function compileFallthrough(
  key: string,
  flag: Flag,
  outcomes: Outcomes,
  compiler: FlagCompiler,
): FinalNode {
  const { fallthrough, schedule = [] } = flag;
  const variants = flag.variants.map((variant) => variant.name);
  const targeted =
    isTargeted(flag) ||
    (fallthrough !== undefined && isPartial(servedRanges(fallthrough, variants)));
  const unsplit = targeted ? "DEFAULT" : "STATIC";
  const otherwise = outcomes.ofValue(flag.default, unsplit, "FALLTHROUGH");
  if (fallthrough === undefined) return unscheduled(undefined, otherwise);
  const serve = (definition: Serve): ServeNode =>
    compileServe(definition, {
      slots: compiler.slots,
      variants,
      defaultSalt: key,
      details: (variant, split, inExperiment) =>
        outcomes.ofVariant(
          variant,
          split ? "SPLIT" : unsplit,
          "FALLTHROUGH",
          undefined,
          inExperiment,
        ),
    });
  if (schedule.length === 0) return unscheduled(serve(fallthrough), otherwise);
  const serveAt = (percentage: number): ServeNode => serve({ ...fallthrough, percentage });
  const before = serveAt(fallthrough.percentage ?? 0);
  const steps = schedule.map((step) => ({
    step,
    from: parseDate(step.from) ?? Number.POSITIVE_INFINITY,
    node: serveAt(step.percentage),
  }));
  return scheduled(before, steps, otherwise);
}

/** Whether anything before the fallthrough, or a schedule, looks at who asks and when. */
function isTargeted({ prerequisites, targets, rules, schedule }: Flag): boolean {
  return [prerequisites, targets, rules, schedule].some(
    (part) => part !== undefined && part.length > 0,
  );
}

function unscheduled(node: ServeNode | undefined, otherwise: EvaluationDetails): FinalNode {
  const constant = node === undefined ? otherwise : node.constant;
  return {
    evaluate:
      constant !== undefined || node === undefined
        ? () => constant ?? otherwise
        : (state) => node.serve(state) ?? otherwise,
    explain: (state) => explainFallthrough(state, node, undefined, otherwise),
  };
}

interface ScheduledNode {
  readonly step: ScheduleStep;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly node: ServeNode;
}

function scheduled(
  before: ServeNode,
  steps: readonly ScheduledNode[],
  otherwise: EvaluationDetails,
): FinalNode {
  const current = (state: EvaluationState): ScheduledNode | undefined => {
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index];
      if (step !== undefined && step.from <= state.now) return step;
    }
    return undefined;
  };
  return {
    evaluate: (state) => (current(state)?.node ?? before).serve(state) ?? otherwise,
    explain: (state) => {
      const step = current(state);
      return explainFallthrough(state, step?.node ?? before, step?.step, otherwise);
    },
  };
}

function explainFallthrough(
  state: EvaluationState,
  node: ServeNode | undefined,
  schedule: ScheduleStep | undefined,
  otherwise: EvaluationDetails,
): ReturnType<FinalNode["explain"]> {
  const details = node?.serve(state);
  return {
    details: details ?? otherwise,
    steps: [
      {
        step: "fallthrough",
        schedule,
        serve: node?.explain(state),
        outcome: details === undefined ? "default" : "served",
      },
    ],
  };
}
