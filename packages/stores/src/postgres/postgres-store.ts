import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  checkWrite,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type SourceListener,
  type Store,
  type StoreChange,
  type StoreContents,
  type SubjectContents,
  type SubjectQuery,
  touchedOf,
  type WriteResult,
} from "@halyard/core";
import { ContentsCache } from "../shared/contents-cache.ts";
import { Failures } from "../shared/failure.ts";
import { Feed, type Found } from "../shared/feed.ts";
import { Gate } from "../shared/gate.ts";
import { Lineage, type StoreState } from "../shared/lineage.ts";
import { checkNames, invalidOption, milliseconds } from "../shared/options.ts";
import { Serial } from "../shared/serial.ts";
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

class PostgresStore implements Store {
  readonly name: string;
  readonly #tables: Tables;
  readonly #given: PostgresPool | undefined;
  readonly #url: string | undefined;
  readonly #failures: Failures;
  readonly #lineage = new Lineage();
  readonly #cache: ContentsCache;
  readonly #feed: Feed;
  readonly #writes = new Serial();
  readonly #gate: Gate;
  #opening: Promise<PostgresPool> | undefined;
  #migrating: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    checkNames("postgresStore", options, ["url", "pool", "table", "name", "pollInterval", "push"]);
    const { url, pool, table = "feature_flags", name = "postgres", push = true } = options;
    if ((url === undefined) === (pool === undefined)) {
      throw invalidOption("postgresStore", "give it a `url` or a `pool`.");
    }
    this.name = name;
    this.#tables = tablesOf("postgresStore", table);
    this.#given = pool;
    this.#url = url;
    this.#failures = new Failures(name, adviceOn, url === undefined ? [] : checkUrl(url));
    this.#gate = new Gate(() => this.#failures.closed());
    this.#cache = new ContentsCache(`${name} ${table}`);
    this.#feed = new Feed({
      name,
      pollInterval: milliseconds("postgresStore", "pollInterval", options.pollInterval, 30_000),
      look: (seen) => this.#look(seen),
      open: push
        ? async (listener) => {
            const lost = (error: unknown): void => listener.lost(this.#failures.read(error));
            try {
              return await openChannel(await this.#ready(), channelOf(this.#tables), {
                ...listener,
                lost,
              });
            } catch (error) {
              throw this.#failures.read(error);
            }
          }
        : undefined,
    });
  }

  async read(): Promise<StoreContents> {
    return this.#read(async (pool) => {
      for (let since = this.#cache.since; ; since = -1) {
        const { floor } = this.#lineage;
        const { state, fresh } = await readContents(pool, this.#tables, since);
        this.#check(state, floor);
        const { latest } = this.#cache;
        const taken = fresh === undefined ? latest : this.#cache.take(fresh);
        if (taken !== undefined) return taken;
        this.#cache.clear();
      }
    });
  }

  watch(listener: SourceListener): () => Promise<void> {
    return this.#feed.watch(listener);
  }

  async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    this.#gate.check();
    const checked = checkWrite(changes, by);
    // One at a time: they would wait for one another, each with a connection.
    const result = await this.#gate.run(() =>
      this.#writes.run(() => this.#writePatiently(checked.changes, checked.by)),
    );
    if (result.audit.length > 0) this.#feed.written(result.version, result.audit.map(touchedOf));
    return result;
  }

  async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    return this.#read(async (pool) => {
      const { floor } = this.#lineage;
      const { state, contents } = await readSubject(pool, this.#tables, query);
      this.#check(state, floor);
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

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#feed.close(), this.#gate.close()]);
    if (this.#given !== undefined) return;
    const pool = await this.#opening?.catch(() => undefined);
    await pool?.end();
  }

  async #list<T>(query: ListQuery<T>): Promise<Page<T>> {
    return query.pageOf(await this.#rows(query));
  }

  #rows({ sql, values }: Query): Promise<readonly SqlRow[]> {
    return this.#read((pool) => rowsOf(pool, numbered(sql), values));
  }

  #look(seen: number | undefined): Promise<Found> {
    return this.#read(async (pool) => {
      const { floor } = this.#lineage;
      const { sql, values } = lookQuery(this.#tables, seen);
      const { state, found } = foundIn(await rowsOf(pool, numbered(sql), values), seen);
      this.#check(state, floor);
      return found;
    });
  }

  async #writePatiently(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const backoff = new Backoff(5, 500);
    for (let attempt = 1; ; attempt++) {
      this.#gate.check();
      try {
        return await this.#writeOnce(changes, by);
      } catch (error) {
        const nothingDone = isUndone(error) || isConnectionLost(error);
        if (!nothingDone || attempt === ATTEMPTS) throw this.#failures.write(error);
      }
      await delay(backoff.next());
    }
  }

  async #writeOnce(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    const pool = await this.#ready();
    return withClient(pool, async (client) => {
      const { floor } = this.#lineage;
      const result = await prepareWrite(client, this.#tables, changes, by, (state) => {
        const problem = this.#lineage.problemOf(state, floor);
        if (problem !== undefined) throw this.#failures.writeFault(problem);
      });
      try {
        await client.query(result.audit.length > 0 ? "COMMIT" : "ROLLBACK");
      } catch (error) {
        if (isConnectionLost(error) && result.audit.length > 0) {
          throw this.#failures.unknownOutcome(error);
        }
        throw error;
      }
      return result;
    });
  }

  #check(state: StoreState | undefined, floor: number): void {
    const problem = this.#lineage.problemOf(state, floor);
    if (problem === undefined) return;
    // What is read later may differ in rows of the same versions.
    this.#cache.clear();
    throw this.#failures.readFault(problem);
  }

  /** Tries again on another connection when one broke, as all do when the server is restarted. */
  #read<T>(work: (pool: PostgresPool) => Promise<T>): Promise<T> {
    return this.#gate.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work(await this.#ready());
        } catch (error) {
          if (!isConnectionLost(error) || attempt === ATTEMPTS) throw this.#failures.read(error);
        }
        this.#gate.check();
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
      if (problem !== undefined) throw this.#failures.readFault(problem);
    } catch (error) {
      this.#migrating = undefined;
      throw error;
    }
  }
}
