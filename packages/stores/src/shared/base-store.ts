import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  checkWrite,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  type SourceListener,
  type Store,
  type StoreChange,
  type StoreContents,
  type StoredDefinition,
  type SubjectContents,
  type SubjectQuery,
  touchedOf,
  type WriteResult,
} from "@halyard/core";
import { ContentsCache, type FreshContents } from "./contents-cache.ts";
import { Failures } from "./failure.ts";
import { type Channel, type ChannelListener, Feed, type Found } from "./feed.ts";
import { Gate } from "./gate.ts";
import { Lineage, type StoreState } from "./lineage.ts";
import { Serial } from "./serial.ts";

export interface BaseOptions {
  readonly name: string;
  /** What the definitions are in, for people. */
  readonly document: string;
  /** Milliseconds. */
  readonly pollInterval: number;
  /** Says what to do about an error of the driver. */
  readonly advice: (cause: unknown) => string;
  /** What is never to be shown. */
  readonly secrets?: readonly string[] | undefined;
  /** Whether there is a channel that tells of changes. */
  readonly push?: boolean | undefined;
}

/** What all stores here have in common: order, closing, faults, and who is told of changes. */
export abstract class BaseStore implements Store {
  readonly name: string;
  protected readonly failures: Failures;
  protected readonly lineage: Lineage = new Lineage();
  protected readonly cache: ContentsCache;
  protected readonly gate: Gate;
  readonly #feed: Feed;
  readonly #writes = new Serial();
  #closing: Promise<void> | undefined;

  constructor({ name, document, pollInterval, advice, secrets, push = false }: BaseOptions) {
    this.name = name;
    this.failures = new Failures(name, advice, secrets);
    this.cache = new ContentsCache(document);
    this.gate = new Gate(() => this.failures.closed());
    this.#feed = new Feed({
      name,
      pollInterval,
      look: (seen) => this.look(seen),
      glance: () => this.glance(),
      open: push ? (listener) => this.#open(listener) : undefined,
    });
  }

  abstract read(): Promise<StoreContents>;
  abstract readSubject(query: SubjectQuery): Promise<SubjectContents>;
  abstract listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>>;
  abstract groupsOf(user: string): Promise<readonly string[]>;
  abstract members(group: string, page: PageRequest): Promise<Page<string>>;
  abstract listProposals(
    filter: ProposalFilter,
    page: PageRequest,
  ): Promise<Page<StoredDefinition>>;
  abstract readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;

  /** Makes a write that was checked; only one at a time is asked for. */
  protected abstract put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult>;
  /** Finds what was written after a version. */
  protected abstract look(seen: number | undefined): Promise<Found>;
  /** Ends what was opened here; nothing is under way any more. */
  protected abstract end(): Promise<void>;

  /** Whether a poll needs a look, where that is cheaper to see. */
  protected glance(): boolean {
    return true;
  }

  /** Opens what pushes changes. */
  protected openChannel(_listener: ChannelListener): Promise<Channel> {
    return Promise.reject(new TypeError(`${this.name} has no channel`));
  }

  watch(listener: SourceListener): () => Promise<void> {
    return this.#feed.watch(listener);
  }

  async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    this.gate.check();
    const checked = checkWrite(changes, by);
    // Those of one process would only wait for one another, each with a connection.
    const result = await this.gate.run(() =>
      this.#writes.run(() => this.put(checked.changes, checked.by)),
    );
    if (result.audit.length > 0) this.#feed.written(result.version, result.audit.map(touchedOf));
    return result;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#feed.close(), this.gate.close()]);
    await this.end();
  }

  async #open(listener: ChannelListener): Promise<Channel> {
    const lost = (error: unknown): void => listener.lost(this.failures.read(error));
    try {
      return await this.openChannel({ changed: listener.changed, lost });
    } catch (error) {
      throw this.failures.read(error);
    }
  }

  /** Throws `STORE_READ_FAILED` for a store that is not what it was when the floor was this. */
  protected checkRead(state: StoreState | undefined, floor: number): void {
    const problem = this.lineage.problemOf(state, floor);
    if (problem === undefined) return;
    // What is read later may differ in rows of the same versions.
    this.cache.clear();
    throw this.failures.readFault(problem);
  }

  /** Throws `STORE_WRITE_FAILED`. */
  protected checkWrite(state: StoreState | undefined, floor: number): void {
    const problem = this.lineage.problemOf(state, floor);
    if (problem !== undefined) throw this.failures.writeFault(problem);
  }

  /**
   * What the cache makes of what was read. Throws `STORE_READ_FAILED` when rows are missing that
   * were there at the same version, as while a backup is put back piece by piece.
   */
  protected take(fresh: FreshContents): StoreContents | undefined {
    if (!this.cache.lacksRows(fresh)) return this.cache.take(fresh);
    throw this.failures.readFault(
      `lacks flags, segments or overrides that it had at the same version, ${fresh.version}: is it being restored? The last good data serve until they are there again, or it is ahead.`,
    );
  }

  /**
   * What was read last, with what is newer. `fetch` gives rows newer than a version; without
   * `fresh` there are none.
   */
  protected async contents(
    fetch: (since: number) => Promise<{
      readonly state: StoreState | undefined;
      readonly fresh: FreshContents | undefined;
    }>,
  ): Promise<StoreContents> {
    for (let since = this.cache.since; ; since = -1) {
      const { floor } = this.lineage;
      const { state, fresh } = await fetch(since);
      this.checkRead(state, floor);
      const taken = fresh === undefined ? this.cache.latest : this.take(fresh);
      if (taken !== undefined) return taken;
      this.cache.clear();
    }
  }
}
