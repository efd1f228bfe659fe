import { randomUUID } from "node:crypto";
import {
  type Attribution,
  type AuditEntry,
  type AuditFilter,
  auditPosition,
  checkLimit,
  isAuditWanted,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  pageOf,
  pageOfAll,
  type Store,
  type StoreChange,
  type StoreContents,
  type StoredDefinition,
  type SubjectContents,
  type SubjectQuery,
  scopeKey,
  touchedOf,
  type WriteResult,
} from "@halyard/core";
import { BaseStore } from "../shared/base-store.ts";
import type { Found } from "../shared/feed.ts";
import { auditLimitOf, checkNames, milliseconds, type StoreOptions } from "../shared/options.ts";
import { delay } from "../shared/waiting.ts";
import { type KeyValue, KeyValues } from "./key-values.ts";
import { type Head, inTurns, Snapshot } from "./snapshot.ts";
import { planHead } from "./write.ts";

/** What keeps the data, and how it is used. */
export interface KeyValueStoreOptions extends StoreOptions {
  readonly kv: KeyValue;
  /** What the names of the keys begin with; `feature_flags` unless said otherwise. */
  readonly domain?: string | undefined;
  /** Writes whose audit is kept; 1000. The oldest go first. */
  readonly auditLimit?: number | undefined;
}

/** Versions that a look goes through; behind by more, anything may have changed. */
const MAX_BEHIND = 100;

/** Milliseconds in which processes that find no store at the same time have made one. */
const SETTLING = 20;

/** How often a read begins anew because something was written meanwhile. */
const ATTEMPTS = 50;

const ADVICE = "Check what keeps the keys and values; see `cause`.";

/**
 * A store in whatever keeps texts under names. One process may write at a time: there is nothing
 * by which several could agree. Throws `INVALID_OPTIONS`.
 */
export function keyValueStore(options: KeyValueStoreOptions): Store {
  return new KeyValueStore(options);
}

class KeyValueStore extends BaseStore {
  readonly #values: KeyValues;
  readonly #auditLimit: number;
  /** Up to this version everything is under its key. */
  #applied = -1;

  constructor(options: KeyValueStoreOptions) {
    const names = ["kv", "domain", "name", "pollInterval", "auditLimit"];
    checkNames("keyValueStore", options, names);
    const { kv, domain = "feature_flags", name = "kv", auditLimit = 1000 } = options;
    super({
      name,
      document: `${name} ${domain}`,
      pollInterval: milliseconds("keyValueStore", "pollInterval", options.pollInterval, 1000),
      advice: () => ADVICE,
    });
    this.#values = new KeyValues(kv, domain);
    this.#auditLimit = auditLimitOf("keyValueStore", auditLimit, 1);
  }

  async read(): Promise<StoreContents> {
    return this.#read(async (snapshot) => {
      const { version } = snapshot.head;
      if (this.cache.latest?.version === version) return this.cache.latest;
      const rows = await snapshot.definitions();
      const overrides = await snapshot.overrides("system");
      const definitions = rows.map(({ what, row }) => ({
        what,
        key: row.key,
        version: row.version,
        row,
      }));
      return this.take({ version, definitions, overrides }) as StoreContents;
    });
  }

  async readSubject({ scopes, user }: SubjectQuery): Promise<SubjectContents> {
    return this.#read(async (snapshot) => ({
      version: snapshot.head.version,
      overrides: (await inTurns(scopes, (scope) => snapshot.overrides(scope))).flat(),
      groups: user === undefined ? [] : await snapshot.groupsOf(user),
    }));
  }

  /** As many reads as there are scopes with overrides, unless the filter names one. */
  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    return this.#read(async (snapshot) => {
      const { flagKey, layer, scope, expiredAt } = filter;
      const all =
        scope === undefined ? await snapshot.allOverrides() : await snapshot.overrides(scope);
      const wanted = all.filter(
        (row) =>
          (flagKey ?? row.flagKey) === row.flagKey &&
          (layer ?? row.layer) === row.layer &&
          (expiredAt === undefined || (row.expiresAt ?? Number.POSITIVE_INFINITY) <= expiredAt),
      );
      return pageOfAll(wanted, page, 3, (row) => [row.flagKey, row.layer, scopeKey(row.scope)]);
    });
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    return this.#read((snapshot) => snapshot.groupsOf(user));
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return this.#read(async (snapshot) =>
      pageOfAll(await snapshot.membersOf(group), page, 1, (user) => [user]),
    );
  }

  async listProposals({ key }: ProposalFilter, page: PageRequest): Promise<Page<StoredDefinition>> {
    return this.#read(async (snapshot) => {
      const ids = key === undefined ? await snapshot.proposalIds() : [key];
      const { items, cursor } = pageOfAll(ids, page, 1, (id) => [id]);
      const rows = await inTurns(items, (id) => snapshot.proposal(id));
      return { items: rows.filter((row) => row !== undefined), cursor };
    });
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#read(async (snapshot) => {
      checkLimit(page.limit);
      const before = auditPosition(page.cursor) ?? Number.POSITIVE_INFINITY;
      const found: AuditEntry[] = [];
      const { version } = snapshot.head;
      const oldest = Math.max(0, version - this.#auditLimit);
      for (let newest = version; newest > oldest && found.length <= page.limit; newest -= 50) {
        const versions = Array.from(
          { length: Math.min(50, newest - oldest) },
          (_, i) => newest - i,
        );
        const entries = await inTurns(versions, (one) => snapshot.audit(one));
        for (const entry of entries.flatMap((group) => group?.toReversed() ?? [])) {
          if (Number(entry.id) < before && isAuditWanted(entry, filter)) found.push(entry);
        }
      }
      return pageOf(found.slice(0, page.limit + 1), page, ({ id }) => [id]);
    });
  }

  protected async end(): Promise<void> {}

  protected look(seen: number | undefined): Promise<Found> {
    return this.#read(async (snapshot) => {
      const { version } = snapshot.head;
      const behind = version - (seen ?? version);
      if (behind > MAX_BEHIND || behind < 0) return { version, touched: undefined };
      const versions = Array.from({ length: behind }, (_, index) => version - behind + 1 + index);
      const entries = await inTurns(versions, (one) => snapshot.audit(one));
      if (entries.includes(undefined)) return { version, touched: undefined };
      return { version, touched: entries.flatMap((group) => group?.map(touchedOf) ?? []) };
    });
  }

  protected async put(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    try {
      const before = await this.#head();
      await this.#apply(before);
      const snapshot = new Snapshot(this.#values, before);
      const { result, head } = await planHead(
        this.#values,
        snapshot,
        changes,
        by,
        this.#auditLimit,
      );
      if (head === undefined) return result;
      try {
        await this.#putHead(head);
      } catch (error) {
        throw this.failures.unknownOutcome(error);
      }
      // Made with the head; the rest is found in its journal while it is not done.
      await this.#apply(head).catch(() => {});
      return result;
    } catch (error) {
      throw this.failures.write(error);
    }
  }

  /** Puts what a head's journal has under its keys; again, if it was done before. */
  async #apply({ version, journal }: Head): Promise<void> {
    if (this.#applied === version) return;
    await inTurns(Object.entries(journal), ([key, text]) => this.#values.put(key, text));
    this.#applied = version;
  }

  /** Reads of one version; again when something was written meanwhile. */
  #read<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.gate.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          const head = await this.#head();
          const [given] = await Promise.allSettled([work(new Snapshot(this.#values, head))]);
          const after = await this.#head();
          if (after.version === head.version) {
            // What is wrong while nothing is written is wrong.
            if (given.status === "rejected") throw given.reason;
            return given.value;
          }
          if (attempt === ATTEMPTS) throw new Error("It changes faster than it can be read");
        } catch (error) {
          throw this.failures.read(error);
        }
      }
    });
  }

  async #head(): Promise<Head> {
    const { floor } = this.lineage;
    const head = (await this.#newestHead()) ?? (await this.#found());
    this.checkRead(head, floor);
    return head as Head;
  }

  /** Of the two heads, that of the higher version; the other one may not be whole. */
  async #newestHead(): Promise<Head | undefined> {
    const given = await Promise.allSettled(this.#values.heads.map((key) => this.#values.get(key)));
    const heads = given.flatMap((one) => {
      if (one.status === "rejected" || one.value === undefined) return [];
      return JSON.parse(one.value) as Head;
    });
    const failed = given.find((one) => one.status === "rejected");
    if (heads.length === 0 && failed !== undefined) throw failed.reason;
    return heads.sort((a, b) => b.version - a.version)[0];
  }

  async #putHead(head: Head): Promise<void> {
    await this.#values.put(
      this.#values.heads[head.version % 2 === 0 ? 0 : 1],
      JSON.stringify(head),
    );
  }

  /** The head of a new store; none where one was, or where something of one is left. */
  async #found(): Promise<Head | undefined> {
    if (this.lineage.known) return undefined;
    if (await this.#values.isEmpty()) {
      await this.#putHead({ id: randomUUID(), version: 0, audited: 0, journal: {} });
    }
    // Another process may be making one in this moment: the last one that was put is it.
    for (let attempt = 1; ; attempt++) {
      await delay(SETTLING);
      const head = await this.#newestHead().catch(() => undefined);
      if (head !== undefined || attempt === 3) return head;
    }
  }
}
