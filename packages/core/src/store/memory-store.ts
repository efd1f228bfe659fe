import { HalyardError } from "../errors.ts";
import { copyPlain, isPlainObject, type JsonValue } from "../json.ts";
import type { Override } from "../overrides/override.ts";
import { scopeKey } from "../overrides/scope.ts";
import type { SourceListener } from "../ports.ts";
import { announce } from "./announce.ts";
import { auditPosition, isAuditWanted, touchedOf } from "./audit.ts";
import { checkWrite } from "./check-write.ts";
import { type DocumentRows, documentRows, rowsDocument } from "./document-rows.ts";
import { checkLimit, compareTexts, pageOf, pageOfAll } from "./page.ts";
import {
  documentEntry,
  type PlannedRow,
  planWrite,
  type Row,
  rowId,
  type StoredDefinition,
} from "./plan-write.ts";
import type {
  Attribution,
  AuditEntry,
  AuditFilter,
  OverrideFilter,
  Page,
  PageRequest,
  ProposalFilter,
  Store,
  StoreChange,
  StoreContents,
  SubjectContents,
  SubjectQuery,
  WriteResult,
} from "./store.ts";

/** Entries of the audit that are kept; the oldest go first. */
const MAX_AUDIT = 10_000;

/** The version of a store that nothing was written to, and of the flags that it began with. */
const FIRST_VERSION = 1;

/** Whoever made a store with flags in it. */
const FOUNDER = Object.freeze({ id: "code", type: "application" });

/**
 * A store that keeps everything in this process; the reference implementation of the port. Takes a
 * document as `defineFlags` makes it, or as a file holds it, to begin with.
 */
export class MemoryStore implements Store {
  readonly name: string;
  readonly #listeners = new Set<SourceListener>();
  /** As it was given, until something is written: the loader then finds problems where they are. */
  #document: Readonly<Record<string, unknown>>;
  #rows: DocumentRows | undefined;
  /** Flags, segments and overrides that were written, by the names of their rows. */
  readonly #written = new Map<string, StoredDefinition | Override>();
  /** Another map after each change, so that contents which were read stay as they are. */
  #segmentVersions: ReadonlyMap<string, number> = new Map();
  readonly #byScope = new Map<string, Map<string, Override>>();
  readonly #members = new Map<string, Set<string>>();
  readonly #groups = new Map<string, Set<string>>();
  readonly #proposals = new Map<string, StoredDefinition>();
  /** Oldest first. */
  readonly #audit: AuditEntry[] = [];
  #audited = 0;
  #version = FIRST_VERSION;
  #closed = false;
  readonly #foundedAt = Date.now();

  constructor(document: unknown = { flags: {} }, name = "memory") {
    if (!isPlainObject(document)) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        "A store in memory takes a document such as { flags: { … } } or what defineFlags returns.",
      );
    }
    this.name = name;
    this.#document = copyPlain(document) as Record<string, unknown>;
  }

  readSync(): StoreContents {
    this.#checkOpen();
    return {
      version: this.#version,
      documents: [{ name: this.name, document: this.#document }],
      overrides: [...(this.#byScope.get("system")?.values() ?? [])],
      segmentVersions: this.#segmentVersions,
    };
  }

  async read(): Promise<StoreContents> {
    return this.readSync();
  }

  watch(listener: SourceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
    this.#checkOpen();
    const checked = checkWrite(changes, by);
    const rows = this.#rows ?? documentRows(this.#document);
    const current = (change: StoreChange): Row => this.#current(change, rows);
    const plan = planWrite(checked.changes, checked.by, this.#version, current);
    const { changed, overrides } = plan;
    if (!changed.includes(true)) return { version: this.#version, changed, audit: [], overrides };
    this.#rows = rows;
    this.#version = plan.version;
    for (const row of plan.rows) this.#apply(row, rows);
    this.#document = rowsDocument(rows);
    const audit = plan.audit.map((entry) => ({ id: String(++this.#audited), ...entry }));
    this.#audit.push(...audit);
    if (this.#audit.length > MAX_AUDIT) this.#audit.splice(0, this.#audit.length - MAX_AUDIT);
    announce(this.#listeners, this.name, {
      version: plan.version,
      touched: audit.map(touchedOf),
    });
    return { version: plan.version, changed, audit, overrides };
  }

  #current(change: StoreChange, rows: DocumentRows): Row {
    if (change.what === "group") {
      return this.#members.get(change.group)?.has(change.user) ? true : undefined;
    }
    if (change.what === "proposal") return this.#proposals.get(change.key);
    const written = this.#written.get(rowId(change));
    if (written !== undefined || change.what === "override") return written;
    const given = (change.what === "flag" ? rows.flags : rows.segments).get(change.key);
    if (given === undefined) return undefined;
    return {
      key: change.key,
      definition: given as JsonValue,
      version: FIRST_VERSION,
      createdAt: this.#foundedAt,
      createdBy: FOUNDER,
      updatedAt: this.#foundedAt,
      updatedBy: FOUNDER,
    };
  }

  #apply(planned: PlannedRow, rows: DocumentRows): void {
    switch (planned.what) {
      case "group":
        change(this.#members, planned.group, planned.user, planned.row === true);
        change(this.#groups, planned.user, planned.group, planned.row === true);
        break;
      case "proposal":
        if (planned.row === undefined) this.#proposals.delete(planned.key);
        else this.#proposals.set(planned.key, planned.row);
        break;
      case "override": {
        const id = this.#note({ ...planned.slot, what: "override", put: undefined }, planned.row);
        const { scope } = planned.slot;
        const slots = this.#byScope.get(scope) ?? new Map<string, Override>();
        if (planned.row === undefined) slots.delete(id);
        else slots.set(id, planned.row);
        if (slots.size === 0) this.#byScope.delete(scope);
        else this.#byScope.set(scope, slots);
        break;
      }
      default: {
        const { what, key, row } = planned;
        this.#note({ what, key, definition: undefined }, row);
        const kept = what === "flag" ? rows.flags : rows.segments;
        if (row === undefined) kept.delete(key);
        else kept.set(key, what === "flag" ? documentEntry(row) : row.definition);
        if (what === "segment") {
          const versions = new Map(this.#segmentVersions);
          if (row === undefined) versions.delete(key);
          else versions.set(key, row.version);
          this.#segmentVersions = versions;
        }
      }
    }
  }

  #note(change: StoreChange, row: StoredDefinition | Override | undefined): string {
    const id = rowId(change);
    if (row === undefined) this.#written.delete(id);
    else this.#written.set(id, row);
    return id;
  }

  async readSubject({ scopes, user }: SubjectQuery): Promise<SubjectContents> {
    this.#checkOpen();
    return {
      version: this.#version,
      overrides: scopes.flatMap((scope) => [...(this.#byScope.get(scope)?.values() ?? [])]),
      groups: user === undefined ? [] : await this.groupsOf(user),
    };
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    this.#checkOpen();
    const scopes = filter.scope === undefined ? [...this.#byScope.keys()] : [filter.scope];
    const all = scopes.flatMap((scope) => [...(this.#byScope.get(scope)?.values() ?? [])]);
    const fitting = all.filter(
      ({ flagKey, layer, expiresAt }) =>
        (filter.flagKey ?? flagKey) === flagKey &&
        (filter.layer ?? layer) === layer &&
        (filter.expiredAt === undefined ||
          (expiresAt !== undefined && expiresAt <= filter.expiredAt)),
    );
    return pageOfAll(fitting, page, 3, overridePosition);
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    this.#checkOpen();
    return [...(this.#groups.get(user) ?? [])].sort(compareTexts);
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    this.#checkOpen();
    return pageOfAll([...(this.#members.get(group) ?? [])], page, 1, (user) => [user]);
  }

  async listProposals({ key }: ProposalFilter, page: PageRequest): Promise<Page<StoredDefinition>> {
    this.#checkOpen();
    const all = [...this.#proposals.values()].filter((row) => (key ?? row.key) === row.key);
    return pageOfAll(all, page, 1, (row) => [row.key]);
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    this.#checkOpen();
    checkLimit(page.limit);
    const before = auditPosition(page.cursor) ?? Number.POSITIVE_INFINITY;
    const found: AuditEntry[] = [];
    for (let index = this.#audit.length - 1; index >= 0 && found.length <= page.limit; index--) {
      const entry = this.#audit[index] as AuditEntry;
      if (Number(entry.id) < before && isAuditWanted(entry, filter)) found.push(entry);
    }
    return pageOf(found, page, ({ id }) => [id]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  #checkOpen(): void {
    if (this.#closed) throw new HalyardError("CLOSED", `The store ${this.name} is closed.`);
  }
}

/** The order in which overrides are listed, and where a page of them ends. */
function overridePosition({ flagKey, layer, scope }: Override): readonly string[] {
  return [flagKey, layer, scopeKey(scope)];
}

/** Adds to one of the sets, or takes from it; empty ones go. */
function change(
  sets: Map<string, Set<string>>,
  name: string,
  member: string,
  isMember: boolean,
): void {
  const set = sets.get(name) ?? new Set<string>();
  if (isMember) set.add(member);
  else set.delete(member);
  if (set.size === 0) sets.delete(name);
  else sets.set(name, set);
}
