import type { JsonValue } from "../json.ts";
import type { Actor } from "../overrides/actor.ts";
import type { Layer } from "../overrides/layers.ts";
import type { Override } from "../overrides/override.ts";
import type { DefinitionSource, SourceContents } from "../ports.ts";
import type { StoredDefinition } from "./plan-write.ts";

/**
 * Where management writes: flags and segments, overrides, groups, and the audit of all of it.
 * A store is a source too, of what was written to it.
 *
 * The store's version is one number that rises with each write that changes something. Every
 * process that reads the store sees writes in that order. Methods reject with a `HalyardError`:
 * `STORE_READ_FAILED`, `STORE_WRITE_FAILED`, `VERSION_CONFLICT`, `CLOSED`.
 */
export interface Store extends DefinitionSource, StoreReader, StoreWriter {
  readonly readSync?: () => StoreContents;
  readonly read: () => Promise<StoreContents>;
}

/** What each process holds, as of one version: definitions, and the overrides for everybody. */
export interface StoreContents extends SourceContents {
  readonly version: number;
  /** Those of the layers `emergency` and `system`. */
  readonly overrides: readonly Override[];
  /**
   * The version that each segment was written in last: their definitions have no place for it. Of
   * a segment that is not in it, the store's first. Absent: this store does not tell.
   */
  readonly segmentVersions?: ReadonlyMap<string, number> | undefined;
}

export interface StoreReader {
  /** What is known of one subject, in one round trip. */
  readonly readSubject: (query: SubjectQuery) => Promise<SubjectContents>;
  /** In the order of flag, layer, scope. */
  readonly listOverrides: (filter: OverrideFilter, page: PageRequest) => Promise<Page<Override>>;
  /** In the order of their names. */
  readonly groupsOf: (user: string) => Promise<readonly string[]>;
  /** In the order of their ids. */
  readonly members: (group: string, page: PageRequest) => Promise<Page<string>>;
  /** Changes that somebody has proposed, in the order of their ids. */
  readonly listProposals: (
    filter: ProposalFilter,
    page: PageRequest,
  ) => Promise<Page<StoredDefinition>>;
  /** Newest first. */
  readonly readAudit: (filter: AuditFilter, page: PageRequest) => Promise<Page<AuditEntry>>;
}

export interface StoreWriter {
  /**
   * Makes all changes, with their audit, or none. `VERSION_CONFLICT` when a change's `ifVersion`
   * is not the version of what is there. Resolves once readers of the store can see the changes.
   */
  readonly write: (changes: readonly StoreChange[], by: Attribution) => Promise<WriteResult>;
  /**
   * Creates and migrates what the store keeps its data in, where it has such a thing. Safe to call
   * again, and by many. `STORE_READ_FAILED` for a version newer than this code knows.
   */
  readonly migrate?: (options?: MigrateOptions) => Promise<Migration>;
  /** Ends connections that the store opened itself. Idempotent. */
  readonly close: () => Promise<void>;
}

export interface MigrateOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What it took, or takes, to bring what a store keeps its data in to the version of this code. */
export interface Migration {
  /** The version that was there; 0: nothing was. */
  readonly from: number;
  /** The version of this code. */
  readonly to: number;
  /** In the store's language, all in one transaction; none when there is nothing to do. */
  readonly statements: readonly string[];
}

/** Most changes of one write. */
export const MAX_CHANGES = 1000;

/** Who writes, why, in which request, and when (epoch milliseconds): kept in the audit. */
export interface Attribution {
  readonly actor: Actor;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
  readonly at: number;
  /** Made although changes have to be reviewed, or are frozen: an emergency. */
  readonly bypass?: boolean | undefined;
}

export type StoreChange = DefinitionChange | ProposalChange | OverrideChange | GroupChange;

interface Conditional {
  /** Only while what is there has this version; 0: only while there is nothing. */
  readonly ifVersion?: number | undefined;
}

/** A flag or a segment put (created or replaced), or removed. */
export interface DefinitionChange extends Conditional {
  readonly what: "flag" | "segment";
  readonly key: string;
  /** As written; `undefined` removes. A flag's is an object. */
  readonly definition: JsonValue | undefined;
}

/** A proposed change put, or removed. Kept as definitions are; no source gives it. */
export interface ProposalChange extends Conditional {
  readonly what: "proposal";
  /** Its id. */
  readonly key: string;
  /** What it says, an object; `undefined` removes. */
  readonly definition: JsonValue | undefined;
}

export type StoredLayer = Exclude<Layer, "local">;

/** An override put or removed, in its slot of flag, layer and scope. */
export interface OverrideChange extends Conditional {
  readonly what: "override";
  readonly flagKey: string;
  readonly layer: StoredLayer;
  /** As `scopeKey` makes it. */
  readonly scope: string;
  /** `undefined` removes; `"expired"` removes what has expired, and leaves anything else. */
  readonly put: OverrideValue | "expired" | undefined;
}

export interface OverrideValue {
  /** Absent: explicitly unset. */
  readonly value?: JsonValue | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** A user who joins a group, or leaves it. */
export interface GroupChange {
  readonly what: "group";
  readonly group: string;
  readonly user: string;
  readonly member: boolean;
}

export interface WriteResult {
  /** The store's version after the write. */
  readonly version: number;
  /** For each change, whether anything is different now. */
  readonly changed: readonly boolean[];
  /** What the audit says of it, oldest first. */
  readonly audit: readonly AuditEntry[];
  /** For each change of an override, what is in its slot then. Absent: the store does not tell. */
  readonly overrides?: readonly (Override | undefined)[] | undefined;
}

export interface SubjectQuery {
  /** Keys of all scopes that the subject is in. */
  readonly scopes: readonly string[];
  /** The user whose groups are wanted. */
  readonly user: string | undefined;
}

export interface SubjectContents {
  readonly version: number;
  readonly overrides: readonly Override[];
  readonly groups: readonly string[];
}

export interface PageRequest {
  /** Most items, from 1. */
  readonly limit: number;
  /** The `cursor` of the page before. `INVALID_OPTIONS` for any other text. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Gives the next page; absent on the last one. */
  readonly cursor: string | undefined;
}

export interface OverrideFilter {
  readonly flagKey?: string | undefined;
  readonly layer?: StoredLayer | undefined;
  /** As `scopeKey` makes it. */
  readonly scope?: string | undefined;
  /** Those with `expiresAt` at or before this, in epoch milliseconds. */
  readonly expiredAt?: number | undefined;
}

export interface ProposalFilter {
  /** Its id. */
  readonly key?: string | undefined;
}

export type AuditAction = "created" | "updated" | "removed" | "expired";
export type AuditSubject = "flag" | "segment" | "override" | "group" | "proposal";

/** One thing that was written. */
export interface AuditEntry {
  /** Rises with time within a store; opaque. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly action: AuditAction;
  readonly what: AuditSubject;
  /** Of the flag, the segment, the group, or the proposal. */
  readonly key: string;
  /** Of an override: layer and scope, as `emergency` or `user:ann`. Of a group: the user. */
  readonly scope: string | undefined;
  /** Definitions as written, overrides as `{ state, value, expiresAt }`, membership as a boolean. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  readonly actor: Actor;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
  /** An emergency, made although changes have to be reviewed, or are frozen. */
  readonly bypass: boolean | undefined;
  /** The store's version with it. */
  readonly version: number;
}

export interface AuditFilter {
  readonly what?: AuditSubject | undefined;
  readonly key?: string | undefined;
  readonly scope?: string | undefined;
  readonly action?: AuditAction | undefined;
  /** `id` of the actor. */
  readonly actor?: string | undefined;
  /** Epoch milliseconds, inclusive. */
  readonly from?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  readonly to?: number | undefined;
}

/** What a store tells of a change, whoever made it. */
export interface StoreNotice {
  readonly version: number;
  /** What was written since the notice before; `undefined`: anything may have been. */
  readonly touched: readonly Touched[] | undefined;
}

export interface Touched {
  readonly what: AuditSubject;
  /** Of the flag, the segment, the override's flag, or the group. */
  readonly key: string;
  /** Of an override: the key of its scope. Of a group: the user. */
  readonly scope: string | undefined;
}
