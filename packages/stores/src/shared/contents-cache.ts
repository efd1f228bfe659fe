import {
  documentEntry,
  type JsonValue,
  type Override,
  type StoreContents,
  type StoredDefinition,
} from "@halyard/core";

/** A row of those that a store has, with its definition if it is newer than what was asked from. */
export interface ListedDefinition {
  readonly what: "flag" | "segment";
  readonly key: string;
  readonly version: number;
  readonly row: StoredDefinition | undefined;
}

/** What a read gave, as of one version. */
export interface FreshContents {
  readonly version: number;
  /** All there are. */
  readonly definitions: readonly ListedDefinition[];
  readonly overrides: readonly Override[];
}

interface Entry {
  readonly version: number;
  readonly entry: JsonValue;
}

/**
 * Holds what was read last, so that a read fetches only what is newer, and what is the same stays
 * the same object: the loader then does not parse it again.
 */
export class ContentsCache {
  readonly #document: string;
  readonly #entries = new Map<string, Entry>();
  #contents: StoreContents | undefined;
  /** How much there was at a version, also once the rest is forgotten. */
  #counts = { version: -1, definitions: 0, overrides: 0 };

  /** `document` names what the definitions are in, for people. */
  constructor(document: string) {
    this.#document = document;
  }

  /** What was read last. */
  get latest(): StoreContents | undefined {
    return this.#contents;
  }

  /** Definitions of rows up to this version need not be fetched. */
  get since(): number {
    return this.#contents?.version ?? -1;
  }

  /** Whether rows are missing that were there at the same version. */
  lacksRows({ version, definitions, overrides }: FreshContents): boolean {
    const before = this.#counts;
    if (version !== before.version) return false;
    return definitions.length < before.definitions || overrides.length < before.overrides;
  }

  /** Forgets what was read. */
  clear(): void {
    this.#entries.clear();
    this.#contents = undefined;
  }

  /** The contents with what a read gave; `undefined` when it lacks rows that are needed here. */
  take({ version, definitions, overrides }: FreshContents): StoreContents | undefined {
    if (this.#contents !== undefined && version <= this.#contents.version) return this.#contents;
    const entries = new Map<string, Entry>();
    for (const listed of definitions) {
      const id = `${listed.what} ${listed.key}`;
      const held = this.#entries.get(id);
      const entry = held?.version === listed.version ? held : entryOf(listed);
      if (entry === undefined) return undefined;
      entries.set(id, entry);
    }
    this.#entries.clear();
    const parts = { segment: new Map<string, JsonValue>(), flag: new Map<string, JsonValue>() };
    for (const { what, key } of definitions) {
      const entry = entries.get(`${what} ${key}`) as Entry;
      this.#entries.set(`${what} ${key}`, entry);
      parts[what].set(key, entry.entry);
    }
    // Not assigned one by one: a key may be `__proto__`.
    const document = {
      segments: Object.fromEntries(parts.segment),
      flags: Object.fromEntries(parts.flag),
    };
    const segmentVersions = new Map<string, number>();
    for (const { what, key, version: own } of definitions) {
      if (what === "segment") segmentVersions.set(key, own);
    }
    const documents = [{ name: this.#document, document }];
    this.#contents = { version, documents, overrides, segmentVersions };
    const counts = { definitions: definitions.length, overrides: overrides.length };
    this.#counts = { version, ...counts };
    return this.#contents;
  }
}

function entryOf({ what, row }: ListedDefinition): Entry | undefined {
  if (row === undefined) return undefined;
  return { version: row.version, entry: what === "flag" ? documentEntry(row) : row.definition };
}
