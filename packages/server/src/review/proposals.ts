import { randomBytes } from "node:crypto";
import { checkLimit, cursorOf, invalidDefinitions, type Page, positionOf } from "@halyard/core";
import type { Change, ChangeReport, Changes } from "../instance/changes.ts";
import type { Authorship, ListPage } from "../instance/overrides.ts";
import type { RuntimeState } from "../instance/runtime-state.ts";
import { Applying } from "./applying.ts";
import type { Freezes } from "./freezes.ts";
import { plainChanges } from "./plain-changes.ts";
import {
  contentOf,
  isPending,
  lateFrom,
  type Proposal,
  type ProposalContent,
  type ProposalStatus,
  proposalId,
  proposalOf,
  proposalRow,
} from "./proposal.ts";
import {
  frozen,
  invalid,
  movedOn,
  ownProposal,
  proposalClosed,
  proposalNotFound,
} from "./refusals.ts";
import { room } from "./room.ts";
import type { Versions } from "./versions.ts";

export interface ProposeOptions extends Authorship {
  /** When it is to be made, once it is approved. Default: at once. */
  readonly scheduledFor?: Date | string | number | undefined;
}

export interface ReviewStepOptions extends Authorship {
  /** Only while the proposal has this version. Else `VERSION_CONFLICT`. */
  readonly ifVersion?: number | undefined;
}

export interface ProposalQuery extends ListPage {
  readonly status?: ProposalStatus | undefined;
  /** `id` of who proposed it. */
  readonly proposedBy?: string | undefined;
  /** Of a flag, a segment or a group that it changes. */
  readonly key?: string | undefined;
}

/**
 * Changes that are proposed by some and approved by others before they are made. All methods reject
 * with `REVIEW_OFF` without the option `review`, and else as writes of overrides; those that take an
 * id with `PROPOSAL_NOT_FOUND`, and with `PROPOSAL_CLOSED` when its state does not allow it.
 */
export interface Proposals {
  /**
   * Proposes changes, checked as if they were made now. Each is for the version that it says, or
   * else for that of now. Rejects with `TOO_MANY_PROPOSALS`.
   */
  propose(changes: readonly Change[], options: ProposeOptions): Promise<Proposal>;
  get(id: string): Promise<Proposal>;
  /** Newest first, a page at a time. */
  list(query?: ProposalQuery): Promise<Page<Proposal>>;
  /**
   * Approves it. The last approval that it needs makes the changes, unless they are scheduled.
   * Rejects with `OWN_PROPOSAL` for who proposed it or chose its time, with `CHANGES_FROZEN`, and as the changes
   * would: with `VERSION_CONFLICT` when something has changed since, and the proposal has failed.
   */
  approve(id: string, options: ReviewStepOptions): Promise<Proposal>;
  reject(id: string, options: ReviewStepOptions): Promise<Proposal>;
  /** Takes it back. */
  cancel(id: string, options: ReviewStepOptions): Promise<Proposal>;
  /**
   * Says when it is to be made; `null`: as soon as it is approved. Approvals that there are were for
   * another time, and are forgotten; who says this does not approve it.
   */
  schedule(
    id: string,
    at: Date | string | number | null,
    options: ReviewStepOptions,
  ): Promise<Proposal>;
  /** What the changes would do now. */
  tryOut(id: string): Promise<ChangeReport>;
}

/** A time further away than this is a mistake. */
const HORIZON = 366 * 24 * 60 * 60 * 1000;

/** Rows that are looked through at once. */
const CHUNK = 50;

export interface StoredProposalsOptions {
  readonly state: RuntimeState;
  readonly changes: Changes;
  readonly freezes: Freezes;
  readonly needed: number;
  /** Milliseconds. */
  readonly expiresIn: number;
  readonly max: number;
  readonly versions: Versions;
}

export class StoredProposals implements Proposals {
  readonly #options: StoredProposalsOptions;
  readonly #applying: Applying;

  constructor(options: StoredProposalsOptions) {
    this.#options = options;
    this.#applying = new Applying(options, this);
  }

  async propose(
    given: readonly Change[],
    { scheduledFor, ...by }: ProposeOptions,
  ): Promise<Proposal> {
    const { state, changes, versions, needed, expiresIn, max } = this.#options;
    const { reason, at: now } = state.attribution(by);
    const time = scheduledFor === undefined ? undefined : this.#timeOf(scheduledFor, now);
    const own = await Promise.all(plainChanges(given).map((one) => versions.versioned(one)));
    const { problems } = await changes.apply(own, { ...by, dryRun: true });
    if (problems.length > 0) throw invalidDefinitions(problems);
    const content: ProposalContent = {
      status: "open",
      changes: own,
      reason,
      scheduledFor: time,
      expiresAt: Math.max(now + expiresIn, lateFrom(time)),
      needed,
      approvals: [],
    };
    const gone = await room(this.#all(), max);
    const id = proposalId(now, randomBytes(5).toString("hex"));
    await state.write(() => [proposalRow(id, contentOf(content), 0), ...gone], by, id);
    return this.get(id);
  }

  async get(id: string): Promise<Proposal> {
    const { state } = this.#options;
    const { items } = await state.read((store) => store.listProposals({ key: id }, { limit: 1 }));
    const [found] = items;
    if (found === undefined) throw proposalNotFound(id);
    return proposalOf(found, state.clock());
  }

  async list({ limit = 100, cursor, ...filter }: ProposalQuery = {}): Promise<Page<Proposal>> {
    checkLimit(limit);
    if (cursor !== undefined) positionOf(cursor, 1);
    const found: Proposal[] = [];
    for await (const proposal of this.#all(cursor)) {
      if (isWanted(proposal, filter)) found.push(proposal);
      if (found.length > limit) break;
    }
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, cursor: found.length > limit && last ? cursorOf([last.id]) : undefined };
  }

  async *#all(cursor?: string): AsyncGenerator<Proposal> {
    const { state } = this.#options;
    let after = cursor;
    do {
      const page = { limit: CHUNK, cursor: after };
      const { items, cursor: next } = await state.read((store) => store.listProposals({}, page));
      for (const each of items) yield proposalOf(each, state.clock());
      after = next;
    } while (after !== undefined);
  }

  async approve(id: string, { ifVersion, ...by }: ReviewStepOptions): Promise<Proposal> {
    const proposal = await this.#pending(id, ifVersion);
    const { actor, reason, at } = this.#options.state.attribution(by);
    const { proposedBy, scheduledBy } = proposal;
    if (actor.id === proposedBy.id || actor.id === scheduledBy?.id) throw ownProposal();
    if (proposal.status === "scheduled") {
      throw proposalClosed("It is approved already, and waits for its time.");
    }
    if (proposal.approvals.some((one) => one.actor.id === actor.id)) {
      throw proposalClosed("You have approved it already: another approval is somebody else's.");
    }
    const approvals = [...proposal.approvals, { actor, at, reason }];
    if (approvals.length < proposal.needed) return this.put(proposal, { approvals }, by);
    const { scheduledFor = at } = proposal;
    if (scheduledFor > at) {
      const expiresAt = lateFrom(scheduledFor);
      return this.put(proposal, { approvals, status: "scheduled", expiresAt }, by);
    }
    await this.#applying.apply({ ...proposal, approvals }, by);
    return this.get(id);
  }

  async reject(id: string, { ifVersion, ...by }: ReviewStepOptions): Promise<Proposal> {
    return this.#close(await this.#pending(id, ifVersion), "rejected", by);
  }

  async cancel(id: string, { ifVersion, ...by }: ReviewStepOptions): Promise<Proposal> {
    return this.#close(await this.#pending(id, ifVersion), "cancelled", by);
  }

  async schedule(
    id: string,
    at: Date | string | number | null,
    { ifVersion, ...by }: ReviewStepOptions,
  ): Promise<Proposal> {
    const proposal = await this.#pending(id, ifVersion);
    const { state, expiresIn } = this.#options;
    const { actor: scheduledBy, at: now } = state.attribution(by);
    const scheduledFor = at === null ? undefined : this.#timeOf(at, now);
    const { createdAt, expiresAt: before } = proposal;
    const expiresAt = Math.max(createdAt + expiresIn, before, lateFrom(scheduledFor));
    const content = { status: "open", approvals: [], scheduledFor, scheduledBy } as const;
    return this.put(proposal, { ...content, expiresAt }, by);
  }

  async tryOut(id: string): Promise<ChangeReport> {
    const { changes, proposedBy: actor } = await this.get(id);
    return this.#options.changes.apply(changes, { actor, dryRun: true });
  }

  /** Makes what is due. Gives whether it was this process that did. */
  async applyDue(id: string, by: Authorship): Promise<boolean> {
    const proposal = await this.get(id);
    const { status, scheduledFor = 0 } = proposal;
    if (status !== "scheduled" || scheduledFor > this.#options.state.clock()) return false;
    return this.#applying.applyDue(proposal, by);
  }

  /** Writes down that it has expired. */
  async expire(id: string, by: Authorship): Promise<void> {
    const proposal = await this.get(id);
    if (proposal.status === "expired" && proposal.closed === undefined) {
      await this.#close(proposal, "expired", by);
    }
  }

  #close(
    proposal: Proposal,
    status: "rejected" | "cancelled" | "expired",
    by: Authorship,
  ): Promise<Proposal> {
    const { actor, reason, at } = this.#options.state.attribution(by);
    return this.put(proposal, { status, closed: { actor, at, reason } }, by);
  }

  async #pending(id: string, ifVersion: number | undefined): Promise<Proposal> {
    const proposal = await this.get(id);
    if (ifVersion !== undefined && ifVersion !== proposal.version) throw movedOn(id);
    if (isPending(proposal)) return proposal;
    throw proposalClosed(`The proposal is ${proposal.status}, so nothing more can come of it.`);
  }

  /** Writes what has become of a proposal, while it is what it was. */
  async put(
    proposal: Proposal,
    content: Partial<ProposalContent>,
    by: Authorship,
  ): Promise<Proposal> {
    const { id, version } = proposal;
    const definition = contentOf({ ...proposal, ...content });
    await this.#options.state.write(() => [proposalRow(id, definition, version)], by, id);
    return this.get(id);
  }

  /** Epoch milliseconds. Throws for what has passed, is too far away, or is in a freeze. */
  #timeOf(given: Date | string | number, now: number): number {
    const time = new Date(given).getTime();
    if (!(time > now) || time > now + HORIZON) {
      throw invalid("A change can be scheduled for a time from now to a year ahead.");
    }
    const freeze = this.#options.freezes.at(time);
    if (freeze !== undefined) throw frozen(freeze);
    return time;
  }
}

function isWanted(
  { status, proposedBy, changes }: Proposal,
  wanted: Omit<ProposalQuery, "limit" | "cursor">,
): boolean {
  const { key } = wanted;
  return (
    (wanted.status ?? status) === status &&
    (wanted.proposedBy ?? proposedBy.id) === proposedBy.id &&
    (key === undefined ||
      changes.some((one) => (one.what === "group" ? one.group : one.key) === key))
  );
}
