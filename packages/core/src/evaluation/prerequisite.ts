import type { Flag, Prerequisite } from "../definition/flag.ts";
import type { EvaluationDetails } from "./details.ts";
import type { Outcomes, StepNode } from "./flag.ts";
import type { EvaluationState } from "./state.ts";
import type { StepTrace } from "./trace.ts";

/**
 * Every prerequisite must serve its variant to this same subject, overrides included; else the
 * flag serves its off value.
 */
export function compilePrerequisites(
  flag: Flag,
  prerequisites: readonly Prerequisite[],
  outcomes: Outcomes,
): StepNode {
  const failed = outcomes.ofValue(flag.off, "DISABLED", "PREREQUISITE_FAILED");
  return {
    evaluate: (state) => {
      for (const { flag: key, variant } of prerequisites) {
        if (served(key, state)?.variant !== variant) return failed;
      }
      return undefined;
    },
    explain: (state) => {
      const steps: StepTrace[] = prerequisites.map(({ flag: key, variant: expected }) => {
        const variant = served(key, state)?.variant;
        return {
          step: "prerequisite",
          flag: key,
          expected,
          served: variant,
          outcome: variant === expected,
        };
      });
      const met = steps.every((step) => step.step === "prerequisite" && step.outcome);
      return { details: met ? undefined : failed, steps };
    },
  };
}

/** Looked up at evaluation, so that a flag is not compiled again when one it names changes. */
function served(key: string, state: EvaluationState): EvaluationDetails | undefined {
  const flag = state.snapshot.flags.get(key);
  return flag === undefined ? undefined : state.resolve(flag);
}
