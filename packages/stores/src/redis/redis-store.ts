import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  compareTexts,
  isStorable,
  type MigrateOptions,
  type Migration,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  type Store,
  type StoreChange,
  type StoreContents,
  type StoredDefinition,
  type SubjectContents,
  type SubjectQuery,
  type WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Channel, ChannelListener, Found } from "../shared/feed.ts";
import type { StoreState } from "../shared/lineage.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import { openChannel } from "./channel.ts";
import { Connection, tryTwice } from "./connection.ts";
import {
  adviceOn,
  checkUrl,
  connected,
  connectTo,
  isRefusal,
  isUnsent,
  type RedisClient,
} from "./driver.ts";
import { Keys } from "./keys.ts";
import { listAudit, listMembers, listOverrides, listProposals, type Reader } from "./lists.ts";
import { found } from "./migrate.ts";
import { checkedOptions, type RedisStoreOptions } from "./options.ts";
import { foundFrom, freshFrom, MAX_BEHIND, overridesFrom, stateFrom } from "./rows.ts";
import { COMMIT, CONTENTS, Commands, LOOK, READ, type Script, SUBJECT } from "./scripts.ts";
import { type PlannedCommit, planCommit, readingOf, rowsRead } from "./write.ts";

/** Milliseconds that a write tries to be the next one, or to reach the server. */
const WRITE_DEADLINE = 10_000;

/**
 * A store in Redis 6 or newer, or a cluster, for any number of processes. Throws `INVALID_OPTIONS`;
 * what needs the server rejects with `MISSING_PACKAGE` when a `url` is given and `redis` is not
 * installed.
 */
export function redisStore(options: RedisStoreOptions): Store {
  return new RedisStore(options);
}

class RedisStore extends BaseStore {
  readonly #keys: Keys;
  readonly #connection: Connection;
  readonly #given: RedisClient | undefined;
  readonly #url: string | undefined;
  readonly #auditLimit: number;
  #founding: Promise<unknown> | undefined;

  constructor(options: RedisStoreOptions) {
    const { url, client, prefix, name, pollInterval, push, auditLimit } = checkedOptions(options);
    super({
      name,
      document: `${name} ${prefix}`,
      pollInterval,
      advice: adviceOn,
      secrets: url === undefined ? [] : checkUrl("redisStore", url),
      push,
    });
    this.#keys = new Keys(prefix);
    this.#connection = new Connection(client, url);
    this.#given = client;
    this.#url = url;
    this.#auditLimit = auditLimit;
  }

  async read(): Promise<StoreContents> {
    const { meta, definitions, versions } = this.#keys;
    const keys = [meta, definitions, versions, this.#keys.scope("system")];
    return this.#read((client) =>
      this.contents(async (since) => {
        const answer = await this.#run(client, CONTENTS, keys, [String(since)]);
        return { state: stateFrom(answer), fresh: freshFrom(answer) };
      }),
    );
  }

  async readSubject({ scopes, user }: SubjectQuery): Promise<SubjectContents> {
    const asked = scopes.filter((scope) => isStorable(scope, 4096));
    const { meta } = this.#keys;
    const own = this.#keys.user(isStorable(user, 4096) ? user : "");
    const keys = [meta, own, ...asked.map((scope) => this.#keys.scope(scope))];
    return this.#read(async (client) => {
      const { floor } = this.lineage;
      const answer = await this.#run(client, SUBJECT, keys, []);
      const state = stateFrom(answer);
      this.checkRead(state, floor);
      const [, , groups, rows] = answer as [unknown, unknown, string[], string[]];
      return {
        version: state?.version ?? 0,
        overrides: overridesFrom(rows),
        groups: groups.toSorted(compareTexts),
      };
    });
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    return this.#list((read) => listOverrides(read, this.#keys, filter, page));
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    if (!isStorable(user, 4096)) return this.#read(async () => []);
    const command = new Commands(this.#keys.meta).add("SMEMBERS", this.#keys.user(user));
    const [groups] = await this.#list((read) => read(command));
    return (groups as string[]).toSorted(compareTexts);
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#list((read) => listMembers(read, this.#keys, group, page));
  }

  async listProposals(filter: ProposalFilter, page: PageRequest): Promise<Page<StoredDefinition>> {
    return this.#list((read) => listProposals(read, this.#keys, filter, page));
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list((read) => listAudit(read, this.#keys, filter, page));
  }

  async migrate({ dryRun = false }: MigrateOptions = {}): Promise<Migration> {
    return this.#attempt(async () => {
      const client = await this.#connection.client();
      return this.#connection.heard(client, found(client, this.#keys, this.#fault, dryRun));
    });
  }

  protected end(): Promise<void> {
    return this.#connection.end();
  }

  protected override async openChannel(listener: ChannelListener): Promise<Channel> {
    const subscriber =
      this.#given === undefined
        ? await connectTo(this.#url as string, listener.lost)
        : await connected(this.#given.duplicate(), listener.lost);
    return openChannel(subscriber, this.#keys.channel, listener);
  }

  #list<T>(work: (read: Reader) => Promise<T>): Promise<T> {
    return this.#read((client) =>
      work(async (commands) => {
        const answer = await this.#run(client, READ, commands.keys, commands.arguments);
        return answer[3] as readonly unknown[];
      }),
    );
  }

  protected look(seen: number | undefined): Promise<Found> {
    const { meta, audit } = this.#keys;
    return this.#read(async (client) => {
      const { floor } = this.lineage;
      const values = [String(seen ?? Number.MAX_SAFE_INTEGER), String(MAX_BEHIND + 1)];
      const answer = await this.#run(client, LOOK, [meta, audit], values);
      this.checkRead(stateFrom(answer), floor);
      return foundFrom(answer, seen);
    });
  }

  protected async put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const end = performance.now() + WRITE_DEADLINE;
    const backoff = new Backoff(1, 100);
    while (true) {
      this.gate.check();
      try {
        const result = await this.#writeOnce(changes, by);
        if (result !== undefined) return result;
        if (performance.now() > end) throw new Error("Other writes were faster, again and again");
      } catch (error) {
        if (!isUnsent(error) || performance.now() > end) throw this.failures.write(error);
      }
      await delay(backoff.next());
    }
  }

  /** `undefined` when another write was faster. */
  async #writeOnce(
    changes: readonly StoreChange[],
    by: Attribution,
  ): Promise<WriteResult | undefined> {
    const client = await this.#ready();
    const { floor } = this.lineage;
    const reading = readingOf(this.#keys, changes);
    const answer = await this.#run(client, READ, reading.keys, reading.arguments);
    const state = stateFrom(answer);
    this.checkWrite(state, floor);
    const { version } = state as StoreState;
    const rows = rowsRead(changes, answer[3] as readonly unknown[]);
    const before = { version, audited: Number(answer[2]), rows };
    const planned = planCommit(this.#keys, changes, by, before, this.#auditLimit);
    if (planned.result.audit.length === 0) return planned.result;
    return (await this.#commit(client, state as StoreState, planned)) ? planned.result : undefined;
  }

  async #commit(
    client: RedisClient,
    { id, version }: StoreState,
    { result, commands, audited }: PlannedCommit,
  ): Promise<boolean> {
    const head = [id, version, result.version, audited, this.#keys.channel].map(String);
    try {
      const values = [...head, ...commands.arguments];
      const [done] = await this.#run(client, COMMIT, commands.keys, values);
      return Number(done) === 1;
    } catch (error) {
      if (isRefusal(error) || isUnsent(error)) throw error;
      throw this.failures.unknownOutcome(error);
    }
  }

  #read<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#attempt(async () => work(await this.#ready()));
  }

  #attempt<T>(work: () => Promise<T>): Promise<T> {
    return this.gate.run(async () => {
      try {
        return await tryTwice(work, () => this.gate.check());
      } catch (error) {
        throw this.failures.read(error);
      }
    });
  }

  #run(client: RedisClient, script: Script, keys: string[], values: string[]) {
    return this.#connection.run(client, script, keys, values);
  }

  /** A connected client, once the store is there. */
  async #ready(): Promise<RedisClient> {
    const client = await this.#connection.client();
    this.#founding ??= this.#connection.heard(client, found(client, this.#keys, this.#fault));
    try {
      await this.#founding;
      return client;
    } catch (error) {
      this.#founding = undefined;
      throw error;
    }
  }

  readonly #fault = (what: string): Error => this.failures.readFault(what);
}
