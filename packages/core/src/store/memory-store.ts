import { HalyardError } from "../errors.ts";
import { copyPlain, isPlainObject, type JsonValue } from "../json.ts";
import type { Override } from "../overrides/override.ts";
import { scopeKey } from "../overrides/scope.ts";
import type { SourceListener } from "../ports.ts";
import { type DocumentRows, documentRows, rowsDocument } from "./document-rows.ts";
import { checkLimit, comparePositions, pageOf, positionOf } from "./page.ts";
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
  readonly #byScope = new Map<string, Map<string, Override>>();
  readonly #members = new Map<string, Set<string>>();
  readonly #groups = new Map<string, Set<string>>();
  /** Oldest first. */
  readonly #audit: AuditEntry[] = [];
  #audited = 0;
  #version = FIRST_VERSION;
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
    return {
      version: this.#version,
      documents: [{ name: this.name, document: this.#document }],
      overrides: [...(this.#byScope.get("system")?.values() ?? [])],
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
    const rows = this.#rows ?? documentRows(this.#document);
    const current = (change: StoreChange): Row => this.#current(change, rows);
    const plan = planWrite(changes, by, this.#version, current);
    if (!plan.changed.includes(true)) {
      return { version: this.#version, changed: plan.changed, audit: [] };
    }
    this.#rows = rows;
    this.#version = plan.version;
    for (const row of plan.rows) this.#apply(row, rows);
    this.#document = rowsDocument(rows);
    const audit = plan.audit.map((entry) => ({ id: String(++this.#audited), ...entry }));
    this.#audit.push(...audit);
    if (this.#audit.length > MAX_AUDIT) this.#audit.splice(0, this.#audit.length - MAX_AUDIT);
    const touched = audit.map(({ what, key, scope }) => ({ what, key, scope }));
    const names = [...new Set(touched.map(({ key }) => key))];
    for (const listener of this.#listeners) {
      listener.onChange(names, { version: plan.version, touched });
    }
    return { version: plan.version, changed: plan.changed, audit };
  }

  #current(change: StoreChange, rows: DocumentRows): Row {
    if (change.what === "group") {
      return this.#members.get(change.group)?.has(change.user) ? true : undefined;
    }
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
    return {
      version: this.#version,
      overrides: scopes.flatMap((scope) => [...(this.#byScope.get(scope)?.values() ?? [])]),
      groups: user === undefined ? [] : await this.groupsOf(user),
    };
  }

  async listOverrides(filter: OverrideFilter, page: PageRequest): Promise<Page<Override>> {
    const scopes = filter.scope === undefined ? [...this.#byScope.keys()] : [filter.scope];
    const all = scopes.flatMap((scope) => [...(this.#byScope.get(scope)?.values() ?? [])]);
    const fitting = all.filter(
      ({ flagKey, layer, expiresAt }) =>
        (filter.flagKey ?? flagKey) === flagKey &&
        (filter.layer ?? layer) === layer &&
        (filter.expiredAt === undefined ||
          (expiresAt !== undefined && expiresAt <= filter.expiredAt)),
    );
    return sortedPage(fitting, page, overridePosition);
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    return [...(this.#groups.get(user) ?? [])].sort();
  }

  async members(group: string, page: PageRequest): Promise<Page<string>> {
    return sortedPage([...(this.#members.get(group) ?? [])], page, (user) => [user]);
  }

  async readAudit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    checkLimit(page.limit);
    const before =
      page.cursor === undefined ? Number.POSITIVE_INFINITY : Number(positionOf(page.cursor, 1)[0]);
    const found: AuditEntry[] = [];
    for (let index = this.#audit.length - 1; index >= 0 && found.length <= page.limit; index--) {
      const entry = this.#audit[index] as AuditEntry;
      if (Number(entry.id) < before && isWanted(entry, filter)) found.push(entry);
    }
    return pageOf(found, page, ({ id }) => [id]);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}

/** The order in which overrides are listed, and where a page of them ends. */
function overridePosition({ flagKey, layer, scope }: Override): readonly string[] {
  return [flagKey, layer, scopeKey(scope)];
}

function isWanted(entry: AuditEntry, filter: AuditFilter): boolean {
  const { what, key, scope, action, actor, from, to } = filter;
  return (
    (what ?? entry.what) === entry.what &&
    (key ?? entry.key) === entry.key &&
    (scope === undefined || scope === entry.scope) &&
    (action ?? entry.action) === entry.action &&
    (actor ?? entry.actor.id) === entry.actor.id &&
    entry.at >= (from ?? Number.NEGATIVE_INFINITY) &&
    entry.at < (to ?? Number.POSITIVE_INFINITY)
  );
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

function sortedPage<T>(
  items: readonly T[],
  page: PageRequest,
  position: (item: T) => readonly string[],
): Page<T> {
  checkLimit(page.limit);
  const sorted = items
    .map((item) => ({ item, at: position(item) }))
    .sort((a, b) => comparePositions(a.at, b.at));
  const parts = sorted[0]?.at.length ?? 0;
  const after =
    page.cursor === undefined || parts === 0 ? undefined : positionOf(page.cursor, parts);
  const left =
    after === undefined ? sorted : sorted.filter(({ at }) => comparePositions(at, after) > 0);
  return pageOf(
    left.map(({ item }) => item),
    page,
    position,
  );
}
