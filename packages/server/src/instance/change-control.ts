import type { FieldRules } from "../check-fields.ts";
import { REVIEW_RULE, type ReviewOptions } from "../review/options.ts";
import { SAMPLE_RULE, type SampleOptions } from "../sample/options.ts";

/** What is asked and looked at before something changes. */
export interface ChangeControlOptions {
  /** Keeps subjects that were seen lately, so that dry runs tell whom a change touches. Default false. */
  readonly sample?: boolean | SampleOptions | undefined;
  /** Changes are proposed, approved by others, and scheduled. Needs a `store`. Default: they are not. */
  readonly review?: ReviewOptions | undefined;
}

export const CHANGE_CONTROL_RULES: FieldRules<ChangeControlOptions> = {
  sample: SAMPLE_RULE,
  review: REVIEW_RULE,
};
