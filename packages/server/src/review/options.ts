import { BOOLEAN, type FieldRule, type FieldRules, objectOf } from "../check-fields.ts";
import { type FreezeWindow, parseWindow } from "./freezes.ts";

export interface ReviewOptions {
  /**
   * Whether the management API refuses changes that were not proposed; emergencies pass, and the
   * audit says so. Default true.
   */
  readonly required?: boolean | undefined;
  /** Approvals that a proposal needs, none of them by who proposed it or chose its time. Default 1. */
  readonly approvals?: number | undefined;
  /** Milliseconds in which a proposal has to be approved. Default 14 days. */
  readonly expiresIn?: number | undefined;
  /** Most proposals that are open or scheduled at once. Default 100. */
  readonly max?: number | undefined;
  /** Times in which the management API and proposals change nothing but emergencies. */
  readonly freezes?: readonly FreezeWindow[] | undefined;
}

const MINUTE = 60_000;
const YEAR = 366 * 24 * 60 * MINUTE;

function wholeNumber(least: number, most: number): FieldRule {
  return {
    expected: `a whole number from ${least} to ${most}`,
    accepts: (value) =>
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

const RULES: FieldRules<ReviewOptions> = {
  required: BOOLEAN,
  approvals: wholeNumber(1, 10),
  expiresIn: wholeNumber(MINUTE, YEAR),
  max: wholeNumber(1, 1000),
  freezes: {
    expected:
      'a list of at most 100 { from, to, name }, with times such as "2027-12-20T00:00:00Z" or "Fri 16:00" (UTC, each week)',
    accepts: (value) =>
      Array.isArray(value) &&
      value.length <= 100 &&
      value.every((window) => parseWindow(window) !== undefined),
  },
};

export const REVIEW_RULE: FieldRule = objectOf(RULES);
