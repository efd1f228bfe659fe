import type { Flag, Prerequisite } from "../definition/flag.ts";
import type { EvaluationDetails } from "./details.ts";
import type { Outcomes } from "./flag.ts";
import type { EvaluationState } from "./state.ts";
import type { Step } from "./step.ts";

/**
 * Every prerequisite must serve its variant to this same subject, overrides included; else the
 * flag serves its off value.
 */
export function compilePrerequisites(
  flag: Flag,
  prerequisites: readonly Prerequisite[],
  outcomes: Outcomes,
): Step {
  const failed = outcomes.ofValue(flag.off, "DISABLED", "PREREQUISITE_FAILED");
  return (state) => {
    for (const { flag: key, variant } of prerequisites) {
      if (servedByPrerequisite(key, state)?.variant !== variant) return failed;
    }
    return undefined;
  };
}

/** Looked up at evaluation, so that a flag is not compiled again when one it names changes. */
export function servedByPrerequisite(
  key: string,
  state: EvaluationState,
): EvaluationDetails | undefined {
  const flag = state.snapshot.flags.get(key);
  return flag === undefined ? undefined : state.resolve(flag);
}
