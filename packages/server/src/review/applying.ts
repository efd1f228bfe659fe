import { HalyardError, type HalyardErrorCode } from "@halyard/core";
import type { Authorship } from "../instance/overrides.ts";
import { contentOf, type Proposal, type ProposalContent, proposalRow } from "./proposal.ts";
import type { StoredProposalsOptions } from "./proposals.ts";
import { frozen } from "./refusals.ts";

/** What may pass by itself: the proposal stays as it is. */
const PASSING: ReadonlySet<HalyardErrorCode> = new Set([
  "STORE_UNAVAILABLE",
  "STORE_READ_FAILED",
  "STORE_WRITE_FAILED",
  "SOURCE_READ_FAILED",
  "CLOSED",
  "INVALID_ACTOR",
]);

/** Longest reason in the audit, in characters. */
const MAX_REASON = 1000;

/** Where proposals are kept. */
interface Keeper {
  readonly get: (id: string) => Promise<Proposal>;
  readonly put: (
    proposal: Proposal,
    content: Partial<ProposalContent>,
    by: Authorship,
  ) => Promise<Proposal>;
}

/** Makes what was approved: the changes and what is said of the proposal in one write. */
export class Applying {
  readonly #options: StoredProposalsOptions;
  readonly #keeper: Keeper;

  constructor(options: StoredProposalsOptions, keeper: Keeper) {
    this.#options = options;
    this.#keeper = keeper;
  }

  /** Rejects with `CHANGES_FROZEN`, and as the changes do; what can't be made has failed then. */
  async apply(proposal: Proposal, by: Authorship): Promise<void> {
    const { state, freezes } = this.#options;
    const freeze = freezes.at(state.clock());
    if (freeze !== undefined) throw frozen(freeze);
    await this.#make(proposal, by);
  }

  /** The same for a time that has come. `false`: somebody else has made it, or taken it back. */
  async applyDue(proposal: Proposal, by: Authorship): Promise<boolean> {
    const { state, freezes } = this.#options;
    const freeze = freezes.at(state.clock());
    try {
      // The freeze was not there when the time was chosen: people have to decide again.
      if (freeze !== undefined) await this.#fail(proposal, frozen(freeze), by);
      else await this.#make(proposal, by);
    } catch (error) {
      if (!(await this.#hasMoved(proposal))) throw error;
    }
    return (await this.#keeper.get(proposal.id)).closed?.actor.id === by.actor.id;
  }

  async #make(proposal: Proposal, by: Authorship): Promise<void> {
    const { state, changes } = this.#options;
    const { id, version, reason: why = "" } = proposal;
    const { actor, reason, at } = state.attribution(by);
    const closed = { actor, at, reason };
    const definition = contentOf({ ...proposal, status: "applied", closed });
    const told = `Proposal ${id}${why === "" ? "" : `: ${why}`}`.slice(0, MAX_REASON);
    try {
      const row = proposalRow(id, definition, version);
      await changes.apply(proposal.changes, { ...by, reason: told.toWellFormed() }, [row]);
    } catch (error) {
      if (error instanceof HalyardError && (await this.#isFinal(proposal, error))) {
        await this.#fail(proposal, error, by);
      }
      throw error;
    }
  }

  async #isFinal(proposal: Proposal, { code }: HalyardError): Promise<boolean> {
    if (PASSING.has(code) || this.#options.versions.isBehind(proposal.changes)) return false;
    return !(await this.#hasMoved(proposal));
  }

  async #hasMoved({ id, version }: Proposal): Promise<boolean> {
    return (await this.#keeper.get(id)).version !== version;
  }

  async #fail(proposal: Proposal, { code, message }: HalyardError, by: Authorship): Promise<void> {
    const { actor, reason, at } = this.#options.state.attribution(by);
    const { approvals } = proposal;
    const failure = { code, message: message.slice(0, MAX_REASON).toWellFormed() };
    const closed = { actor, at, reason };
    await this.#keeper.put(proposal, { status: "failed", approvals, closed, failure }, by);
  }
}
