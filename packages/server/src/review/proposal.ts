import {
  type Actor,
  freezeJson,
  type HalyardErrorCode,
  type JsonValue,
  type ProposalChange,
  type StoredDefinition,
} from "@halyard/core";
import type { Change } from "../instance/changes.ts";

/**
 * `open`: waits for approvals. `scheduled`: approved, waits for its time. `failed`: could not be
 * made when it was to be; `failure` says why.
 */
export type ProposalStatus =
  | "open"
  | "scheduled"
  | "applied"
  | "rejected"
  | "cancelled"
  | "expired"
  | "failed";

export const PROPOSAL_STATUSES: readonly ProposalStatus[] = [
  "open",
  "scheduled",
  "applied",
  "rejected",
  "cancelled",
  "expired",
  "failed",
];

/** What somebody did to a proposal. */
export interface ReviewStep {
  readonly actor: Actor;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly reason?: string | undefined;
}

export interface ProposalFailure {
  readonly code: HalyardErrorCode;
  readonly message: string;
}

/** Changes that somebody wants, as the store keeps them. */
export interface ProposalContent {
  readonly status: ProposalStatus;
  /** Each with the version that it is meant for. */
  readonly changes: readonly Change[];
  readonly reason?: string | undefined;
  /** When it is to be made, once it is approved; absent: at once. Epoch milliseconds. */
  readonly scheduledFor?: number | undefined;
  /** Who said so last; absent for who proposed it. */
  readonly scheduledBy?: Actor | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Approvals that it needs. */
  readonly needed: number;
  readonly approvals: readonly ReviewStep[];
  /** Who ended it. */
  readonly closed?: ReviewStep | undefined;
  readonly failure?: ProposalFailure | undefined;
}

export interface Proposal extends ProposalContent {
  readonly id: string;
  /** For `ifVersion`. */
  readonly version: number;
  readonly proposedBy: Actor;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Whether something can still come of it. */
export function isPending({ status }: Pick<Proposal, "status">): boolean {
  return status === "open" || status === "scheduled";
}

/** A row of the store, as of now: what nobody has swept yet has expired all the same. */
export function proposalOf(row: StoredDefinition, now: number): Proposal {
  const { key: id, version, createdBy: proposedBy, createdAt, updatedAt } = row;
  const content = row.definition as unknown as ProposalContent;
  const isOver = isPending(content) && content.expiresAt <= now;
  const status = isOver ? "expired" : content.status;
  return Object.freeze({ ...content, status, id, version, proposedBy, createdAt, updatedAt });
}

/** As a store keeps it: JSON, without what its row says. */
export function contentOf(proposal: ProposalContent): JsonValue {
  const { status, changes, reason, scheduledFor, expiresAt, needed, approvals } = proposal;
  const { scheduledBy, closed, failure } = proposal;
  const content = { status, changes, reason, scheduledFor, expiresAt, needed, approvals };
  return freezeJson(
    JSON.parse(JSON.stringify({ ...content, scheduledBy, closed, failure })),
  ) as JsonValue;
}

/** Milliseconds after its time in which a change may still be made: processes may have been down. */
const GRACE = 24 * 60 * 60 * 1000;

/** From when on it is too late for what was to be made at a time; epoch milliseconds. */
export function lateFrom(time = 0): number {
  return time + GRACE;
}

/** Characters of an id that tell the time. */
const TIME_DIGITS = 9;

/** Ids in their order are the newest first. */
export function proposalId(now: number, random: string): string {
  const left = 36 ** TIME_DIGITS - 1 - Math.max(0, Math.trunc(now));
  return `${left.toString(36).padStart(TIME_DIGITS, "0")}${random}`;
}

/** The change of a proposal's row, from a version; 0 for a new one. */
export function proposalRow(key: string, definition: JsonValue, ifVersion: number): ProposalChange {
  return { what: "proposal", key, definition, ifVersion };
}
