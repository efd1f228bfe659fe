import type { FlagsInstance } from "../../flags-instance.ts";
import type { Freeze } from "../../review/freezes.ts";
import { frozen } from "../../review/refusals.ts";
import type { Operation } from "./operation.ts";
import { RequestProblem } from "./problem.ts";

/**
 * Throws `REVIEW_REQUIRED` or `CHANGES_FROZEN` for a change that has to wait. Gives whether it is an
 * emergency, which does not.
 */
export function passesReview({ review, now }: FlagsInstance, { action }: Operation): boolean {
  if (review === undefined || (action !== "edit" && action !== "kill")) return false;
  const freeze = review.freezes.at(now);
  if (action === "kill") return review.required || freeze !== undefined;
  if (freeze !== undefined) throw frozenProblem(freeze, now);
  if (!review.required) return false;
  throw new RequestProblem(
    "REVIEW_REQUIRED",
    "Changes are reviewed here: POST what you want to /proposals, and have it approved.",
  );
}

export function frozenProblem(freeze: Freeze, now: number): RequestProblem {
  const seconds = Math.max(1, Math.ceil((freeze.until - now) / 1000));
  const headers = { "retry-after": String(seconds) };
  return new RequestProblem("CHANGES_FROZEN", frozen(freeze).message, { headers });
}
