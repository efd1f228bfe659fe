import {
  type AnyContext,
  type EvaluationContext,
  isLazy,
  readAttribute,
  type Snapshot,
  unitOf,
} from "@halyard/core";
import { LRUCache } from "lru-cache";
import { mentionsOfFlag, mentionsOfSegment } from "./mentions.ts";
import type { SampleOptions } from "./options.ts";

const DEFAULT_MAX = 1000;

/** Milliseconds between two subjects that are taken once the sample is full. */
const GAP = 10;

/** Longest text, and most items of a list, of a subject that is kept. */
const MAX_TEXT = 4096;
const MAX_ITEMS = 250;

/** What overrides go by, beside the targeting key. Ids of sessions are secrets, and stay out. */
const IDENTITY = ["userId", "anonymous", "orgId", "tenantId", "roles", "perms"];

/**
 * Subjects that were seen lately, each once by its targeting key, with the attributes that the
 * definitions name and no others.
 */
export class SubjectSample {
  readonly #subjects: LRUCache<string, EvaluationContext>;
  readonly #private: readonly string[];
  /** Whether overrides can be written for some of them. */
  readonly #withIdentity: boolean;
  #namesOf: Snapshot["flags"] | undefined;
  #names: ReadonlySet<string> = new Set();
  #takenAt = Number.NEGATIVE_INFINITY;

  constructor({ max = DEFAULT_MAX, private: hidden = [] }: SampleOptions, withIdentity: boolean) {
    this.#subjects = new LRUCache({ max });
    this.#private = hidden;
    this.#withIdentity = withIdentity;
  }

  /** As they were when they were seen last, those that were seen last first. */
  get subjects(): readonly EvaluationContext[] {
    return [...this.#subjects.values()];
  }

  /** Keeps the subject. What is asked of a request's context settles nothing there. */
  take(context: AnyContext, snapshot: Snapshot): void {
    const { size, max } = this.#subjects;
    if (size >= max) {
      const now = performance.now();
      if (now - this.#takenAt < GAP) return;
      this.#takenAt = now;
    }
    const names = this.names(snapshot);
    const look = (): EvaluationContext | undefined => keptOf(context, names);
    const kept =
      isLazy(context) && context.tentatively !== undefined ? context.tentatively(look) : look();
    if (kept !== undefined) this.#subjects.set(String(kept.targetingKey), kept);
  }

  /** Paths of what is kept beside the targeting key. */
  names(snapshot: Snapshot): ReadonlySet<string> {
    if (this.#namesOf !== snapshot.flags) {
      this.#namesOf = snapshot.flags;
      this.#names = this.#allNames(snapshot);
    }
    return this.#names;
  }

  #allNames({ flags, segments }: Snapshot): ReadonlySet<string> {
    const names = new Set<string>(this.#withIdentity ? IDENTITY : []);
    for (const { flag } of flags.values()) {
      for (const name of mentionsOfFlag(flag).attributes) names.add(name);
    }
    for (const condition of segments.values()) {
      for (const name of mentionsOfSegment(condition).attributes) names.add(name);
    }
    // Kept already, or on purpose not.
    for (const name of ["targetingKey", "sessionId"]) names.delete(name);
    const isPrivate = (name: string): boolean =>
      this.#private.some((hidden) => name === hidden || name.startsWith(`${hidden}.`));
    return new Set([...names].filter((name) => !isPrivate(name)));
  }
}

/** `undefined` for a subject without a key, and for one that is too large to be kept. */
function keptOf(context: AnyContext, names: ReadonlySet<string>): EvaluationContext | undefined {
  const targetingKey = unitOf(readAttribute(context, "targetingKey"));
  if (targetingKey === undefined || targetingKey.length > MAX_TEXT) return undefined;
  // Under their whole paths, so that what stands beside a nested one is not kept.
  const kept: Record<string, unknown> = { targetingKey };
  for (const name of names) {
    const value = readAttribute(context, name);
    if (value === undefined) continue;
    if (!isSmall(value)) return undefined;
    // There is something, which is all that clauses can ask of an object.
    kept[name] = typeof value === "symbol" ? {} : value;
  }
  return Object.freeze(kept);
}

function isSmall(value: unknown): boolean {
  if (Array.isArray(value)) return value.length <= MAX_ITEMS && value.every(isSmall);
  return typeof value !== "string" || value.length <= MAX_TEXT;
}
