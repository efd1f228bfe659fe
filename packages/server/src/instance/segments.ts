import {
  type Condition,
  checkLimit,
  compareTexts,
  cursorOf,
  type Page,
  positionOf,
} from "@halyard/core";
import type { Changes } from "./changes.ts";
import type { DefinitionWrites } from "./definition-writes.ts";
import type { ListOptions, WriteOptions } from "./definitions.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";

/** A segment and where it is defined. */
export interface SegmentEntry {
  readonly key: string;
  /** In canonical form. */
  readonly definition: Condition;
  /** Name of the source that defines it. */
  readonly source: string;
  /** Whether `put` and `delete` can change it. */
  readonly writable: boolean;
  /** For `ifVersion` of the next write; absent where no store keeps the segment, or tells. */
  readonly version: number | undefined;
}

/** The segments of an instance: reads of all sources, writes to the one that is writable. */
export interface Segments {
  get(key: string): SegmentEntry | undefined;
  /** Segments by key, a page at a time. */
  list(options?: ListOptions): Page<SegmentEntry>;
  /**
   * Creates or replaces a segment. Resolves when reads see it. Rejects as `put` of `definitions`,
   * and changes nothing then.
   */
  put(key: string, definition: unknown, options?: WriteOptions): Promise<SegmentEntry>;
  /**
   * `false` when there was no such segment. Rejects as `put`; with `INVALID_DEFINITIONS` while a
   * flag or a segment names it.
   */
  delete(key: string, options?: WriteOptions): Promise<boolean>;
}

export class ReplicaSegments implements Segments {
  readonly #replica: DefinitionsReplica;
  readonly #writes: DefinitionWrites;
  readonly #changes: Changes;

  constructor(replica: DefinitionsReplica, writes: DefinitionWrites, changes: Changes) {
    this.#replica = replica;
    this.#writes = writes;
    this.#changes = changes;
  }

  get(key: string): SegmentEntry | undefined {
    const condition = this.#replica.snapshot.segments.get(key);
    if (condition === undefined) return undefined;
    const source = this.#writes.ownerOf("segment", key) ?? "";
    return Object.freeze({
      key,
      definition: JSON.parse(JSON.stringify(condition)) as Condition,
      source,
      writable: this.#replica.store?.name === source,
      version: this.#writes.versionOf("segment", key),
    });
  }

  list({ limit = 100, cursor }: ListOptions = {}): Page<SegmentEntry> {
    checkLimit(limit);
    const [after] = cursor === undefined ? [] : positionOf(cursor, 1);
    const keys = [...this.#replica.snapshot.segments.keys()]
      .filter((key) => after === undefined || compareTexts(key, after) > 0)
      .sort(compareTexts);
    const page = keys.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.flatMap((key) => this.get(key) ?? []),
      cursor: keys.length > limit && last !== undefined ? cursorOf([last]) : undefined,
    };
  }

  async put(
    key: string,
    definition: unknown,
    { ifVersion, ...options }: WriteOptions = {},
  ): Promise<SegmentEntry> {
    const change = { what: "segment", op: "put", key, definition, ifVersion } as const;
    await this.#changes.apply([change], options);
    const entry = this.get(key);
    if (entry !== undefined) return entry;
    throw this.#changes.overtaken(key);
  }

  async delete(key: string, { ifVersion, ...options }: WriteOptions = {}): Promise<boolean> {
    const change = { what: "segment", op: "delete", key, ifVersion } as const;
    const { changes } = await this.#changes.apply([change], options);
    return changes[0]?.changed === true;
  }
}
