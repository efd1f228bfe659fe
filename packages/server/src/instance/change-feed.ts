import {
  type Condition,
  type JsonValue,
  jsonEqual,
  type Snapshot,
  type Touched,
} from "@halyard/core";
import { isTokenRecord } from "../edge/revocations.ts";
import { type Log, messageOf } from "./log.ts";
import { runSliced } from "./run-sliced.ts";

/** Something has changed, and reads see it. */
export interface FeedEvent {
  /** The store's; absent where none has anything to do with it. */
  readonly version: number | undefined;
  /** What; `undefined`: anything may have. */
  readonly changes: readonly Touched[] | undefined;
}

export interface FeedListener {
  readonly changed: (event: FeedEvent) => void;
  /** There will be nothing more. */
  readonly closed: () => void;
}

/** What the feed sees of the instance. */
export interface FeedView {
  readonly snapshot: Snapshot;
  /** What the store gave last is of this version. */
  readonly version: number | undefined;
}

/** Something was written. */
export interface ChangeNotice {
  /** The store's; absent for what no store keeps. */
  readonly version?: number | undefined;
  readonly touched: readonly Touched[] | undefined;
}

/** Most changes that one event names; of more, it says that anything may have changed. */
const MAX_CHANGES = 500;

/** Most changes that are remembered as told, so that they are not told again when others tell of them. */
const MAX_TOLD = 1000;

/**
 * Tells what changes, here and in other processes, once reads see it: stores tell of writes before
 * their contents are read, and files only that they are others. Costs nothing without listeners.
 */
export class ChangeFeed {
  readonly #view: () => FeedView;
  readonly #log: Log;
  readonly #listeners = new Set<FeedListener>();
  /** Of the store, as of the snapshot that serves. */
  #served = 0;
  #segments: Snapshot["segments"] = new Map();
  /** What the store has told of and nobody serves yet. */
  #held: ChangeNotice[] = [];
  /** What is told with the next event. */
  #pending = new Map<string, Touched>();
  #anything = false;
  #version: number | undefined;
  #flushing: NodeJS.Immediate | undefined;
  /** Change → version that served when it was told. */
  readonly #told = new Map<string, number>();
  #toldOfSnapshot = new Set<string>();
  #closed = false;

  constructor(view: () => FeedView, log: Log) {
    this.#view = view;
    this.#log = log;
  }

  /** Returns what ends it. A listener that throws is logged. */
  subscribe(listener: FeedListener): () => void {
    if (this.#listeners.size === 0) {
      const { snapshot, version = 0 } = this.#view();
      this.#segments = snapshot.segments;
      this.#served = version;
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#forget();
    };
  }

  /** A store tells of a write, or this process made one. */
  noticed(notice: ChangeNotice): void {
    if (this.#listeners.size === 0) return;
    const { version } = notice;
    if (version === undefined || version <= this.#served || !isServedWhole(notice)) {
      this.#tell(notice);
    } else if (this.#held.length < MAX_CHANGES) this.#held.push(notice);
    else this.#held = [{ version, touched: undefined }];
  }

  /** Another snapshot serves. */
  swapped(): void {
    if (this.#listeners.size === 0) return;
    this.#served = this.#view().version ?? this.#served;
    this.#toldOfSnapshot.clear();
    const held = this.#held;
    this.#held = [];
    for (const notice of held) this.noticed(notice);
  }

  /** The definitions of these flags are others than before; those of segments may be. */
  reloaded(flags: readonly string[]): void {
    if (this.#listeners.size === 0) return;
    const { segments } = this.#view().snapshot;
    const before = this.#segments;
    this.#segments = segments;
    this.#tellKeys("flag", flags);
    if (before === segments) return;
    runSliced(changedSegments(before, segments)).then(
      (keys) => this.#tellKeys("segment", keys),
      (error: unknown) => this.#log.error(`Changes can't be told: ${messageOf(error)}`),
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { closed } of [...this.#listeners]) this.#guard(closed);
    this.#listeners.clear();
    this.#forget();
  }

  #tell({ version, touched }: ChangeNotice): void {
    this.#version = newer(version, this.#version);
    if (touched === undefined) this.#anything = true;
    for (const each of touched ?? []) {
      // Who issues and revokes tokens is not for all who may list overrides.
      if (each.what === "override" && isTokenRecord(each.key)) continue;
      const id = idOf(each);
      if (version !== undefined && (this.#told.get(id) ?? -1) >= version) continue;
      this.#add(id, each, version);
    }
    this.#flushSoon();
  }

  #tellKeys(what: "flag" | "segment", keys: readonly string[]): void {
    for (const key of keys) {
      const change = { what, key, scope: undefined };
      const id = idOf(change);
      if (!this.#toldOfSnapshot.has(id)) this.#add(id, change, this.#served);
    }
    this.#flushSoon();
  }

  #add(id: string, change: Touched, version: number | undefined): void {
    if (this.#pending.size >= MAX_CHANGES) this.#anything = true;
    else this.#pending.set(id, change);
    if (this.#toldOfSnapshot.size < MAX_TOLD) this.#toldOfSnapshot.add(id);
    if (version === undefined) return;
    this.#told.delete(id);
    this.#told.set(id, Math.max(version, this.#served));
    for (const [oldest] of this.#told) {
      if (this.#told.size <= MAX_TOLD) break;
      this.#told.delete(oldest);
    }
  }

  /** What comes of one write, and from several sides, is one event. */
  #flushSoon(): void {
    if (this.#pending.size === 0 && !this.#anything) return;
    this.#flushing ??= setImmediate(() => this.#flush()).unref();
  }

  #flush(): void {
    this.#flushing = undefined;
    const changes = this.#anything ? undefined : [...this.#pending.values()];
    const version = newer(this.#version, this.#view().version);
    this.#anything = false;
    this.#version = undefined;
    this.#pending.clear();
    for (const { changed } of [...this.#listeners]) {
      this.#guard(() => changed({ version, changes }));
    }
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#log.error(`A listener of changes threw: ${messageOf(error)}`);
    }
  }

  #forget(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    this.#anything = false;
    this.#held = [];
    this.#pending.clear();
    this.#told.clear();
    this.#toldOfSnapshot.clear();
    this.#segments = new Map();
  }
}

function newer(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function idOf({ what, key, scope }: Touched): string {
  return JSON.stringify([what, key, scope]);
}

/** Whether a write is of what every process holds, so that it is seen once that is read again. */
export function isServedWhole({ touched }: Pick<ChangeNotice, "touched">): boolean {
  return (
    touched === undefined ||
    touched.length === 0 ||
    touched.some(
      ({ what, scope }) =>
        what === "flag" ||
        what === "segment" ||
        (what === "override" && (scope === "system" || scope === "emergency")),
    )
  );
}

function* changedSegments(
  before: Snapshot["segments"],
  after: Snapshot["segments"],
): Generator<void, string[], void> {
  const changed: string[] = [];
  for (const [key, condition] of after) {
    const old = before.get(key);
    if (old === undefined || (old !== condition && !isSame(old, condition))) changed.push(key);
    yield;
  }
  for (const key of before.keys()) if (!after.has(key)) changed.push(key);
  return changed;
}

/** Checked definitions are JSON, but for the fields that are absent. */
function isSame(one: Condition, other: Condition): boolean {
  return jsonEqual(one as unknown as JsonValue, other as unknown as JsonValue);
}
