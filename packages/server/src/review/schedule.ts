import type { HalyardError, StoreNotice } from "@halyard/core";
import { type Log, messageOf } from "../instance/log.ts";
import { isPending, type Proposal } from "./proposal.ts";
import type { StoredProposals } from "./proposals.ts";

/** Milliseconds by which a process is late at most, by chance: of many, one is to be first. */
const JITTER = 250;

/** Milliseconds between looks at the clock, which may jump. */
const LOOK = 30_000;

/** Milliseconds between reads of all proposals, in case that nobody told of one. */
const RELOAD = 300_000;

/** Milliseconds until what failed is tried again. */
const RETRY = 5000;

const SCHEDULE = Object.freeze({ id: "halyard", type: "service", name: "schedule of proposals" });

export interface ProposalScheduleOptions {
  readonly proposals: StoredProposals;
  readonly clock: () => number;
  readonly log: Log;
  /** Whether definitions are there that changes can be made to. */
  readonly isReady: () => boolean;
}

/**
 * Makes approved changes when their time has come, and ends what has expired. Every process has
 * one; the store sees to it that only one of them does it.
 */
export class ProposalSchedule {
  readonly #options: ProposalScheduleOptions;
  /** When something is to be done about a proposal; epoch milliseconds. */
  readonly #due = new Map<string, number>();
  /** Proposals that something was done to. */
  readonly #told = new Set<string>();
  /** Proposals that could not be made when they were due, of which the log has been told. */
  readonly #late = new Set<string>();
  #reloadAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #begun = false;
  #closed = false;

  constructor(options: ProposalScheduleOptions) {
    this.#options = options;
  }

  start(): void {
    this.#begun = true;
    this.#run();
  }

  notice({ touched }: Pick<StoreNotice, "touched">): void {
    if (!this.#begun) return;
    if (touched === undefined) this.#reloadAt = 0;
    const ids = touched?.flatMap(({ what, key }) => (what === "proposal" ? key : []));
    for (const id of ids ?? []) this.#told.add(id);
    if (ids === undefined || ids.length > 0) this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #run(): void {
    if (this.#closed || this.#running !== undefined) return;
    clearTimeout(this.#timer);
    let wait = RETRY;
    this.#running = this.#work()
      .then(() => {
        wait = this.#told.size > 0 ? 0 : this.#untilNext();
      })
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#reloadAt = 0;
        this.#options.log.warn(`Proposals can't be looked at now: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#running = undefined;
        if (!this.#closed) this.#timer = setTimeout(() => this.#run(), wait).unref();
      });
  }

  /** Rejects when the store can't be read. */
  async #work(): Promise<void> {
    const { clock, isReady } = this.#options;
    if (!isReady()) {
      this.#reloadAt = 0;
      return;
    }
    if (clock() >= this.#reloadAt) await this.#reload();
    for (const id of [...this.#told]) {
      this.#told.delete(id);
      await this.#note(id);
    }
    const due = [...this.#due].filter(([, at]) => at <= clock()).sort(([, a], [, b]) => a - b);
    for (const [id] of due) {
      if (this.#closed) return;
      await this.#act(id);
    }
  }

  async #reload(): Promise<void> {
    const { proposals, clock } = this.#options;
    this.#told.clear();
    this.#due.clear();
    for (const status of ["open", "scheduled", "expired"] as const) {
      let cursor: string | undefined;
      do {
        const page = await proposals.list({ status, limit: 100, cursor });
        for (const proposal of page.items) this.#expect(proposal);
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
    this.#reloadAt = clock() + RELOAD;
  }

  async #note(id: string): Promise<void> {
    try {
      this.#expect(await this.#options.proposals.get(id));
    } catch (error) {
      if ((error as Partial<HalyardError>).code !== "PROPOSAL_NOT_FOUND") throw error;
      this.#due.delete(id);
      this.#late.delete(id);
    }
  }

  #expect(proposal: Proposal): void {
    const { id, status, scheduledFor, expiresAt, closed } = proposal;
    // What has expired and nobody has written down so is not closed.
    const isLeft = isPending(proposal) || (status === "expired" && closed === undefined);
    if (!isLeft) {
      this.#due.delete(id);
      this.#late.delete(id);
    } else {
      const at = status === "scheduled" ? (scheduledFor ?? expiresAt) : expiresAt;
      this.#due.set(id, at + Math.random() * JITTER);
    }
  }

  async #act(id: string): Promise<void> {
    const { proposals, log, clock } = this.#options;
    const by = { actor: SCHEDULE };
    try {
      if (await proposals.applyDue(id, by)) {
        const { status, failure } = await proposals.get(id);
        if (failure === undefined) log.info(`Made what the proposal ${id} says, as scheduled.`);
        else log.error(`The proposal ${id} has ${status}: ${failure.message}`);
      }
      await proposals.expire(id, by);
      await this.#note(id);
    } catch (error) {
      if (this.#closed) return;
      // Unless the proposal says now what is wrong, another attempt may do.
      this.#due.set(id, clock() + RETRY);
      const message = `The proposal ${id} can't be made now: ${messageOf(error)}`;
      if (this.#late.has(id)) log.debug(message);
      else log.warn(message);
      this.#late.add(id);
    }
  }

  /** Milliseconds. */
  #untilNext(): number {
    const { clock, isReady } = this.#options;
    if (!isReady()) return RETRY;
    const next = Math.min(...this.#due.values(), this.#reloadAt) - clock();
    return Math.max(0, Math.min(next, LOOK));
  }
}
