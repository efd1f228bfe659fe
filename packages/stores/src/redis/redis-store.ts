import { randomUUID } from "node:crypto";
import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  compareTexts,
  HalyardError,
  isStorable,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type Store,
  type StoreChange,
  type StoreContents,
  type SubjectContents,
  type SubjectQuery,
  type WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Channel, ChannelListener, Found } from "../shared/feed.ts";
import type { StoreState } from "../shared/lineage.ts";
import { checkNames, invalidOption, milliseconds } from "../shared/options.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import { openChannel } from "./channel.ts";
import {
  adviceOn,
  checkUrl,
  connected,
  connectTo,
  destroy,
  isRefusal,
  isUnsent,
  type RedisClient,
  run,
} from "./driver.ts";
import { Keys } from "./keys.ts";
import { listAudit, listMembers, listOverrides, type Reader } from "./lists.ts";
import { foundFrom, freshFrom, MAX_BEHIND, overridesFrom, stateFrom } from "./rows.ts";
import { COMMIT, CONTENTS, Commands, FOUND, LOOK, READ, SUBJECT } from "./scripts.ts";
import { type PlannedCommit, planCommit, readingOf, rowsRead } from "./write.ts";

/** Where the server is, and how it is used. */
export interface RedisStoreOptions {
  /** `redis://…` or `rediss://…`. Opened with the package `redis`, which is to be installed. */
  readonly url?: string | undefined;
  /** Instead: a connected client, or cluster, of `redis` 5 or newer. It is not closed. */
  readonly client?: RedisClient | undefined;
  /** What the names of the keys begin with; `feature_flags` unless said otherwise. */
  readonly prefix?: string | undefined;
  /** For people, and unique within an instance; `redis` unless said otherwise. */
  readonly name?: string | undefined;
  /** Milliseconds between looks for changes that were not told of; 30,000. */
  readonly pollInterval?: number | undefined;
  /** `false`: changes are only found by looking, and no connection subscribes. */
  readonly push?: boolean | undefined;
  /** Entries of the audit that are kept; 10,000. The oldest go first. */
  readonly auditLimit?: number | undefined;
}

/** Milliseconds that a write tries to be the next one, or to reach the server. */
const WRITE_DEADLINE = 10_000;

/** The layout of the keys that this code works with. */
const SCHEMA = 1;

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
  readonly #given: RedisClient | undefined;
  readonly #url: string | undefined;
  readonly #auditLimit: number;
  #connecting: Promise<RedisClient> | undefined;
  #founding: Promise<void> | undefined;

  constructor(options: RedisStoreOptions) {
    const names = ["url", "client", "prefix", "name", "pollInterval", "push", "auditLimit"];
    checkNames("redisStore", options, names);
    const { url, client, prefix = "feature_flags", name = "redis", push = true } = options;
    const { auditLimit = 10_000, pollInterval } = options;
    if ((url === undefined) === (client === undefined)) {
      throw invalidOption("redisStore", "give it a `url` or a `client`.");
    }
    if (!Number.isSafeInteger(auditLimit) || auditLimit < 1) {
      throw invalidOption("redisStore", "`auditLimit` must be a whole number from 1.");
    }
    super({
      name,
      document: `${name} ${prefix}`,
      pollInterval: milliseconds("redisStore", "pollInterval", pollInterval, 30_000),
      advice: adviceOn,
      secrets: url === undefined ? [] : checkUrl(url),
      push,
    });
    this.#keys = new Keys(prefix);
    this.#given = client;
    this.#url = url;
    this.#auditLimit = auditLimit;
  }

  async read(): Promise<StoreContents> {
    const { meta, definitions, versions } = this.#keys;
    const keys = [meta, definitions, versions, this.#keys.scope("system")];
    return this.#read((client) =>
      this.contents(async (since) => {
        const answer = await run(client, CONTENTS, keys, [String(since)]);
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
      const answer = await run(client, SUBJECT, keys, []);
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

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list((read) => listAudit(read, this.#keys, filter, page));
  }

  async migrate(): Promise<void> {
    await this.#read(async () => undefined);
  }

  protected async end(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    if (client !== undefined) destroy(client);
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
        const answer = await run(client, READ, commands.keys, commands.arguments);
        return answer[3] as readonly unknown[];
      }),
    );
  }

  protected look(seen: number | undefined): Promise<Found> {
    const { meta, audit } = this.#keys;
    return this.#read(async (client) => {
      const { floor } = this.lineage;
      const values = [String(seen ?? Number.MAX_SAFE_INTEGER), String(MAX_BEHIND + 1)];
      const answer = await run(client, LOOK, [meta, audit], values);
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
    const answer = await run(client, READ, reading.keys, reading.arguments);
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
      const [done] = await run(client, COMMIT, commands.keys, values);
      return Number(done) === 1;
    } catch (error) {
      if (isRefusal(error) || isUnsent(error)) throw error;
      throw this.failures.unknownOutcome(error);
    }
  }

  /** Tries once more on another connection when one broke, as all do when the server is restarted. */
  #read<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.gate.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work(await this.#ready());
        } catch (error) {
          const isFinal = isRefusal(error) || error instanceof HalyardError;
          if (isFinal || attempt === 2) throw this.failures.read(error);
        }
        this.gate.check();
      }
    });
  }

  /** A connected client, once the store is there. */
  async #ready(): Promise<RedisClient> {
    const client = this.#given ?? (await this.#connect());
    this.#founding ??= this.#found(client);
    await this.#founding;
    return client;
  }

  async #connect(): Promise<RedisClient> {
    this.#connecting ??= connectTo(this.#url as string, () => {
      this.#connecting = undefined;
    });
    try {
      return await this.#connecting;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  async #found(client: RedisClient): Promise<void> {
    const { meta, definitions, overrides, audit } = this.#keys;
    try {
      const keys = [meta, definitions, overrides, audit];
      const [schema] = await run(client, FOUND, keys, [randomUUID()]);
      if (Number(schema) > SCHEMA) {
        throw this.failures.readFault(
          `has keys of layout ${schema}, and this version of @halyard/stores knows them up to ${SCHEMA}: update it.`,
        );
      }
    } catch (error) {
      this.#founding = undefined;
      throw error;
    }
  }
}
