import type {
  Attribution,
  AuditEntry,
  AuditFilter,
  MigrateOptions,
  Migration,
  Override,
  OverrideFilter,
  Page,
  PageRequest,
  ProposalFilter,
  Store,
  StoreChange,
  StoreContents,
  StoredDefinition,
  SubjectContents,
  SubjectQuery,
  WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Channel, ChannelListener, Found } from "../shared/feed.ts";
import { checkNames, invalidOption, milliseconds, type PushOptions } from "../shared/options.ts";
import { Backoff, delay } from "../shared/waiting.ts";
import {
  SQL_OPTIONS,
  type SqlSettings,
  type SqlStoreOptions,
  sqlSettings,
} from "../sql/options.ts";
import {
  auditQuery,
  foundIn,
  groupsQuery,
  type ListQuery,
  lookQuery,
  membersQuery,
  overridesQuery,
  proposalsQuery,
  type Query,
} from "../sql/queries.ts";
import type { SqlRow } from "../sql/rows.ts";
import { checkMigrated } from "../sql/schema.ts";
import { openChannel } from "./channel.ts";
import {
  adviceOn,
  checkUrl,
  isConnectionLost,
  isUndone,
  numbered,
  openPool,
  type PostgresPool,
  type Queryable,
  rowsOf,
  withClient,
} from "./driver.ts";
import { migrateTables, neededMigration } from "./migrate.ts";
import { readContents, readSubject } from "./read.ts";
import { channelOf, prepareWrite } from "./write.ts";

/** Where the database is, and how it is used. */
export interface PostgresStoreOptions extends SqlStoreOptions, PushOptions {
  /** `postgres://…`. Opened with the package `pg`, which is to be installed. */
  readonly url?: string | undefined;
  /** Instead: a pool of `pg`, of two connections at least. It is not closed. */
  readonly pool?: PostgresPool | undefined;
}

/** How often something is tried when nothing was done. */
const ATTEMPTS = 6;

/** Milliseconds after which a write is not made any more, and a read not tried again. */
const WRITE_DEADLINE = 9000;
const READ_DEADLINE = 9000;

/**
 * A store in PostgreSQL 12 or newer, for any number of processes. Throws `INVALID_OPTIONS`; what
 * needs the database rejects with `MISSING_PACKAGE` when a `url` is given and `pg` is not installed.
 */
export function postgresStore(options: PostgresStoreOptions): Store {
  return new PostgresStore(options);
}

class PostgresStore extends BaseStore {
  readonly #settings: SqlSettings;
  readonly #given: PostgresPool | undefined;
  readonly #url: string | undefined;
  #opening: Promise<PostgresPool> | undefined;
  #preparing: Promise<unknown> | undefined;

  constructor(options: PostgresStoreOptions) {
    checkNames("postgresStore", options, [...SQL_OPTIONS, "url", "pool", "push"]);
    const { url, pool, name = "postgres", push = true } = options;
    if ((url === undefined) === (pool === undefined)) {
      throw invalidOption("postgresStore", "give it a `url` or a `pool`.");
    }
    const settings = sqlSettings("postgresStore", options);
    super({
      name,
      document: `${name} ${settings.tables.prefix}`,
      pollInterval: milliseconds("postgresStore", "pollInterval", options.pollInterval, 30_000),
      advice: adviceOn,
      secrets: url === undefined ? [] : checkUrl(url),
      push,
    });
    this.#settings = settings;
    this.#given = pool;
    this.#url = url;
  }

  async read(): Promise<StoreContents> {
    return this.#read((on) =>
      this.contents((since) => readContents(on, this.#settings.tables, since)),
    );
  }

  async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    return this.#read(async (on) => {
      const { floor } = this.lineage;
      const { state, contents } = await readSubject(on, this.#settings.tables, query);
      this.checkRead(state, floor);
      return contents;
    });
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    return this.#list(overridesQuery(this.#settings.tables, filter, page));
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    const rows = await this.#rows(groupsQuery(this.#settings.tables, user));
    return rows.map(({ group_name }) => String(group_name));
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#list(membersQuery(this.#settings.tables, group, page));
  }

  async listProposals(filter: ProposalFilter, page: PageRequest): Promise<Page<StoredDefinition>> {
    return this.#list(proposalsQuery(this.#settings.tables, filter, page));
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#list(auditQuery(this.#settings.tables, filter, page));
  }

  async migrate({ dryRun = false }: MigrateOptions = {}): Promise<Migration> {
    return this.#attempt(async () => {
      const pool = await this.#pool();
      return (dryRun ? neededMigration : migrateTables)(pool, this.#settings.tables, this.#fault);
    });
  }

  protected async end(): Promise<void> {
    if (this.#given !== undefined) return;
    const pool = await this.#opening?.catch(() => undefined);
    await pool?.end();
  }

  protected override async openChannel(listener: ChannelListener): Promise<Channel> {
    return openChannel(await this.#ready(), channelOf(this.#settings.tables), listener);
  }

  async #list<T>(query: ListQuery<T>): Promise<Page<T>> {
    return query.pageOf(await this.#rows(query));
  }

  #rows({ sql, values }: Query): Promise<readonly SqlRow[]> {
    return this.#read((on) => rowsOf(on, numbered(sql), values));
  }

  protected look(seen: number | undefined): Promise<Found> {
    return this.#read(async (on) => {
      const { floor } = this.lineage;
      const { sql, values } = lookQuery(this.#settings.tables, seen);
      const { state, found } = foundIn(await rowsOf(on, numbered(sql), values), seen);
      this.checkRead(state, floor);
      return found;
    });
  }

  protected async put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const end = performance.now() + WRITE_DEADLINE;
    const backoff = new Backoff(5, 500);
    for (let attempt = 1; ; attempt++) {
      this.gate.check();
      try {
        return await this.#writeOnce(changes, by, end);
      } catch (error) {
        const isFinal = attempt === ATTEMPTS || performance.now() > end;
        const nothingDone = isUndone(error) || isConnectionLost(error);
        if (isFinal || !nothingDone) throw this.failures.write(error);
      }
      await delay(backoff.next());
    }
  }

  /** Does nothing after `end`: who waits for it is told by then that it was not made. */
  async #writeOnce(
    changes: readonly StoreChange[],
    by: Attribution,
    end: number,
  ): Promise<WriteResult> {
    const pool = await this.#ready();
    let mayBeMade = false;
    try {
      return await withClient(pool, end - performance.now(), async (client) => {
        const { floor } = this.lineage;
        const result = await prepareWrite(client, this.#settings, changes, by, (state) =>
          this.checkWrite(state, floor),
        );
        mayBeMade = result.audit.length > 0;
        await client.query(mayBeMade ? "COMMIT" : "ROLLBACK");
        return result;
      });
    } catch (error) {
      if (mayBeMade && isConnectionLost(error)) throw this.failures.unknownOutcome(error);
      throw error;
    }
  }

  /** A pool that was given may wait for answers without end, each with one of its connections. */
  #read<T>(work: (on: Queryable) => Promise<T>): Promise<T> {
    return this.#attempt(async (end) =>
      withClient(await this.#ready(), end - performance.now(), work),
    );
  }

  /** Tries again on another connection when one broke, as all do when the server is restarted. */
  #attempt<T>(work: (end: number) => Promise<T>): Promise<T> {
    const end = performance.now() + READ_DEADLINE;
    return this.gate.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work(end);
        } catch (error) {
          const isFinal = attempt === ATTEMPTS || performance.now() > end;
          if (isFinal || !isConnectionLost(error)) throw this.failures.read(error);
        }
        this.gate.check();
      }
    });
  }

  /** The pool, once the tables are there. */
  async #ready(): Promise<PostgresPool> {
    const pool = await this.#pool();
    this.#preparing ??= this.#prepare(pool);
    try {
      await this.#preparing;
      return pool;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }

  async #prepare(pool: PostgresPool): Promise<void> {
    const { tables, migrates } = this.#settings;
    if (migrates) await migrateTables(pool, tables, this.#fault);
    else checkMigrated(await neededMigration(pool, tables, this.#fault), this.#fault);
  }

  readonly #fault = (what: string): Error => this.failures.readFault(what);

  async #pool(): Promise<PostgresPool> {
    if (this.#given !== undefined) return this.#given;
    this.#opening ??= openPool(this.#url as string);
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}
