import type {
  Attribution,
  AuditEntry,
  AuditFilter,
  Override,
  OverrideFilter,
  Page,
  PageRequest,
  Store,
  StoreChange,
  StoreContents,
  SubjectContents,
  SubjectQuery,
  WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Channel, ChannelListener, Found } from "../shared/feed.ts";
import { checkNames, invalidOption, milliseconds } from "../shared/options.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import {
  auditQuery,
  foundIn,
  groupsQuery,
  type ListQuery,
  lookQuery,
  membersQuery,
  overridesQuery,
  type Query,
} from "../sql/queries.ts";
import type { SqlRow } from "../sql/rows.ts";
import { type Tables, tablesOf } from "../sql/schema.ts";
import { openChannel } from "./channel.ts";
import {
  adviceOn,
  checkUrl,
  isConnectionLost,
  isUndone,
  numbered,
  openPool,
  type PostgresPool,
  rowsOf,
  withClient,
} from "./driver.ts";
import { readContents, readSubject } from "./read.ts";
import { channelOf, migrateTables, prepareWrite } from "./write.ts";

/** Where the database is, and how it is used. */
export interface PostgresStoreOptions {
  /** `postgres://…`. Opened with the package `pg`, which is to be installed. */
  readonly url?: string | undefined;
  /** Instead: a pool of `pg`, of two connections at least. It is not closed. */
  readonly pool?: PostgresPool | undefined;
  /** What the names of the tables begin with; `feature_flags` unless said otherwise. */
  readonly table?: string | undefined;
  /** For people, and unique within an instance; `postgres` unless said otherwise. */
  readonly name?: string | undefined;
  /** Milliseconds between looks for changes that were not told of; 30,000. */
  readonly pollInterval?: number | undefined;
  /**
   * `false`: changes are only found by looking, and no connection listens. For poolers that give
   * each transaction another connection; set `pollInterval` to what you can wait.
   */
  readonly push?: boolean | undefined;
}

/** How often something is tried again when nothing was done. */
const ATTEMPTS = 6;

/**
 * A store in PostgreSQL 12 or newer, for any number of processes. Throws `INVALID_OPTIONS`; what
 * needs the database rejects with `MISSING_PACKAGE` when a `url` is given and `pg` is not installed.
 */
export function postgresStore(options: PostgresStoreOptions): Store {
  return new PostgresStore(options);
}

class PostgresStore extends BaseStore {
  readonly #tables: Tables;
  readonly #given: PostgresPool | undefined;
  readonly #url: string | undefined;
  #opening: Promise<PostgresPool> | undefined;
  #migrating: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    checkNames("postgresStore", options, ["url", "pool", "table", "name", "pollInterval", "push"]);
    const { url, pool, table = "feature_flags", name = "postgres", push = true } = options;
    if ((url === undefined) === (pool === undefined)) {
      throw invalidOption("postgresStore", "give it a `url` or a `pool`.");
    }
    super({
      name,
      document: `${name} ${table}`,
      pollInterval: milliseconds("postgresStore", "pollInterval", options.pollInterval, 30_000),
      advice: adviceOn,
      secrets: url === undefined ? [] : checkUrl(url),
      push,
    });
    this.#tables = tablesOf("postgresStore", table);
    this.#given = pool;
    this.#url = url;
  }

  async read(): Promise<StoreContents> {
    return this.#read((pool) => this.contents((since) => readContents(pool, this.#tables, since)));
  }

  async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    return this.#read(async (pool) => {
      const { floor } = this.lineage;
      const { state, contents } = await readSubject(pool, this.#tables, query);
      this.checkRead(state, floor);
      return contents;
    });
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    return this.#list(overridesQuery(this.#tables, filter, page));
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    const rows = await this.#rows(groupsQuery(this.#tables, user));
    return rows.map(({ group_name }) => String(group_name));
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#list(membersQuery(this.#tables, group, page));
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list(auditQuery(this.#tables, filter, page));
  }

  async migrate(): Promise<void> {
    await this.#read(async () => undefined);
  }

  protected async end(): Promise<void> {
    if (this.#given !== undefined) return;
    const pool = await this.#opening?.catch(() => undefined);
    await pool?.end();
  }

  protected override async openChannel(listener: ChannelListener): Promise<Channel> {
    return openChannel(await this.#ready(), channelOf(this.#tables), listener);
  }

  async #list<T>(query: ListQuery<T>): Promise<Page<T>> {
    return query.pageOf(await this.#rows(query));
  }

  #rows({ sql, values }: Query): Promise<readonly SqlRow[]> {
    return this.#read((pool) => rowsOf(pool, numbered(sql), values));
  }

  protected look(seen: number | undefined): Promise<Found> {
    return this.#read(async (pool) => {
      const { floor } = this.lineage;
      const { sql, values } = lookQuery(this.#tables, seen);
      const { state, found } = foundIn(await rowsOf(pool, numbered(sql), values), seen);
      this.checkRead(state, floor);
      return found;
    });
  }

  protected async put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const backoff = new Backoff(5, 500);
    for (let attempt = 1; ; attempt++) {
      this.gate.check();
      try {
        return await this.#writeOnce(changes, by);
      } catch (error) {
        const nothingDone = isUndone(error) || isConnectionLost(error);
        if (!nothingDone || attempt === ATTEMPTS) throw this.failures.write(error);
      }
      await delay(backoff.next());
    }
  }

  async #writeOnce(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const pool = await this.#ready();
    return withClient(pool, async (client) => {
      const { floor } = this.lineage;
      const result = await prepareWrite(client, this.#tables, changes, by, (state) =>
        this.checkWrite(state, floor),
      );
      try {
        await client.query(result.audit.length > 0 ? "COMMIT" : "ROLLBACK");
      } catch (error) {
        if (isConnectionLost(error) && result.audit.length > 0) {
          throw this.failures.unknownOutcome(error);
        }
        throw error;
      }
      return result;
    });
  }

  /** Tries again on another connection when one broke, as all do when the server is restarted. */
  #read<T>(work: (pool: PostgresPool) => Promise<T>): Promise<T> {
    return this.gate.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work(await this.#ready());
        } catch (error) {
          if (!isConnectionLost(error) || attempt === ATTEMPTS) throw this.failures.read(error);
        }
        this.gate.check();
      }
    });
  }

  /** The pool, once the tables are there. */
  async #ready(): Promise<PostgresPool> {
    const pool = this.#given ?? (await this.#openPool());
    this.#migrating ??= this.#migrate(pool);
    await this.#migrating;
    return pool;
  }

  async #openPool(): Promise<PostgresPool> {
    this.#opening ??= openPool(this.#url as string);
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #migrate(pool: PostgresPool): Promise<void> {
    try {
      const problem = await migrateTables(pool, this.#tables);
      if (problem !== undefined) throw this.failures.readFault(problem);
    } catch (error) {
      this.#migrating = undefined;
      throw error;
    }
  }
}
