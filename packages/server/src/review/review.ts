import type { StoreNotice } from "@halyard/core";
import type { Changes } from "../instance/changes.ts";
import type { DefinitionWrites } from "../instance/definition-writes.ts";
import type { Log } from "../instance/log.ts";
import type { RuntimeState } from "../instance/runtime-state.ts";
import type { StoredOverrides } from "../instance/stored-overrides.ts";
import { Freezes } from "./freezes.ts";
import type { ReviewOptions } from "./options.ts";
import { type Proposals, StoredProposals } from "./proposals.ts";
import { reviewOff } from "./refusals.ts";
import { ProposalSchedule } from "./schedule.ts";
import { Versions } from "./versions.ts";

const FORTNIGHT = 14 * 24 * 60 * 60 * 1000;
const DEFAULT_MAX = 100;

export interface ReviewParts {
  readonly state: RuntimeState;
  readonly changes: Changes;
  readonly writes: DefinitionWrites;
  readonly overrides: StoredOverrides;
  readonly log: Log;
}

/** What an instance has whose changes are reviewed. */
export class Review {
  readonly proposals: StoredProposals;
  readonly freezes: Freezes;
  /** Whether the management API takes nothing but proposals and emergencies. */
  readonly required: boolean;
  readonly #schedule: ProposalSchedule;

  constructor(options: ReviewOptions, { state, changes, writes, overrides, log }: ReviewParts) {
    const { required = true, approvals = 1, expiresIn = FORTNIGHT, max = DEFAULT_MAX } = options;
    const { clock, replica } = state;
    // Throws `STORE_UNAVAILABLE`: there is nothing to keep proposals in.
    void state.store;
    this.required = required;
    this.freezes = new Freezes(options.freezes);
    const versions = new Versions({ writes, overrides, state });
    const kept = { needed: approvals, expiresIn, max, freezes: this.freezes };
    this.proposals = new StoredProposals({ state, changes, versions, ...kept });
    const isReady = (): boolean => replica.complete;
    this.#schedule = new ProposalSchedule({ proposals: this.proposals, clock, log, isReady });
  }

  start(): void {
    this.#schedule.start();
  }

  /** Something has changed in the store, here or elsewhere. */
  notice(notice: Pick<StoreNotice, "touched">): void {
    this.#schedule.notice(notice);
  }

  close(): Promise<void> {
    return this.#schedule.close();
  }
}

const refuse = (): Promise<never> => Promise.reject(reviewOff());

/** Of an instance whose changes are not reviewed. */
export const NO_PROPOSALS: Proposals = Object.freeze({
  propose: refuse,
  get: refuse,
  list: refuse,
  approve: refuse,
  reject: refuse,
  cancel: refuse,
  schedule: refuse,
  tryOut: refuse,
});
