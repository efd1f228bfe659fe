import type { EvaluationDetails } from "./details.ts";
import type { EvaluationState } from "./state.ts";

/** One step of a flag. Gives the outcome, or `undefined` to go on with the next step. */
export type Step = (state: EvaluationState) => EvaluationDetails | undefined;

/** The last step: always gives an outcome. */
export type FinalStep = (state: EvaluationState) => EvaluationDetails;

/** The end of a flag: an outcome for everybody, or a step. */
export type Ending = EvaluationDetails | FinalStep;

/** What is served: the same to everybody, or what a step gives this subject, or nothing. */
export type Serving = EvaluationDetails | Step | undefined;

export function servedTo(state: EvaluationState, serving: Serving): EvaluationDetails | undefined {
  return typeof serving === "function" ? serving(state) : serving;
}
