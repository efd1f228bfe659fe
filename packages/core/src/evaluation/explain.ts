import { resolveKey } from "../definition/keys.ts";
import { type EvaluationDetails, errorDetails } from "./details.ts";
import type { EvaluationState } from "./state.ts";
import type { Explanation } from "./trace.ts";

/** Evaluates a flag once more, saying what each step, clause and override did. */
export function explainFlag(
  requestedKey: string,
  state: EvaluationState,
  reported: (details: EvaluationDetails) => EvaluationDetails,
): Explanation {
  const { flags, aliases, ready } = state.snapshot;
  const flagKey = flags.has(requestedKey) ? requestedKey : resolveKey(requestedKey, aliases);
  const overrides = state.explainOverrides(flagKey);
  const common = { flagKey, requestedKey: String(requestedKey), overrides };
  const override = state.findOverride(flagKey);
  if (override !== undefined) return { ...common, details: reported(override), steps: [] };
  const flag = flags.get(flagKey);
  if (flag === undefined) {
    const details = ready
      ? errorDetails(flagKey, undefined, "FLAG_NOT_FOUND", `there is no flag "${flagKey}"`)
      : errorDetails(
          flagKey,
          undefined,
          "PROVIDER_NOT_READY",
          "no definitions have been loaded yet",
        );
    return { ...common, details, steps: [] };
  }
  const { details, steps } = flag.explain(state);
  return { ...common, details: reported(details), steps };
}
