import {
  copyPlain,
  type DefinitionChange,
  documentRows,
  HalyardError,
  invalidDefinitions,
  isDefinition,
  isKey,
  isPlainObject,
  type JsonValue,
  type LoadResult,
  type Store,
} from "@halyard/core";
import type { DefinitionsReplica } from "./definitions-replica.ts";
import { invalidKey } from "./invalid-key.ts";
import { mergePatch } from "./merge-patch.ts";
import { closed } from "./refusals.ts";

export type DefinitionKind = "flag" | "segment";

/** One flag or segment put (created or replaced), changed in parts, or removed. */
export type DefinitionEdit = {
  readonly what: DefinitionKind;
  readonly key: string;
  /** Only while it has this version; 0: only while there is none. Else `VERSION_CONFLICT`. */
  readonly ifVersion?: number | undefined;
} & (
  | { readonly op: "put"; readonly definition: unknown }
  /** A JSON merge patch (RFC 7396), of the definition as it was written. */
  | { readonly op: "patch"; readonly patch: unknown }
  | { readonly op: "delete" }
);

/** The version of what a store in memory began with. */
export const FIRST_VERSION = 1;

/** Works out what writes of flags and segments come to, as of now. */
export class DefinitionWrites {
  readonly #replica: DefinitionsReplica;

  constructor(replica: DefinitionsReplica) {
    this.#replica = replica;
  }

  /** The store that takes the flag or segment. Throws why none does. */
  storeFor(what: DefinitionKind, key: string): Store {
    if (this.#replica.closed) throw closed();
    if (!isKey(key)) throw invalidKey(key);
    const { store, snapshot, sources } = this.#replica;
    const target = what === "flag" ? snapshot.aliases.get(key) : undefined;
    if (target !== undefined) {
      throw new HalyardError("ALIAS_READ_ONLY", `"${key}" is an alias of "${target}"; write that.`);
    }
    const owner = this.ownerOf(what, key);
    if (owner !== undefined && owner !== store?.name) {
      throw new HalyardError(
        "READ_ONLY_SOURCE",
        `${what === "flag" ? "Flag" : "Segment"} "${key}" is defined in ${owner}, which can't be written from here. Change it there${what === "flag" ? ", or override it" : ""}.`,
      );
    }
    if (store === undefined) {
      const names = sources.map(({ name }) => name).join(", ");
      throw new HalyardError(
        "STORE_UNAVAILABLE",
        `None of the sources (${names}) can be written. Pass a \`store\`, such as new MemoryStore().`,
      );
    }
    return store;
  }

  /** Name of the source that defines it. */
  ownerOf(what: DefinitionKind, key: string): string | undefined {
    const { owners, segmentOwners } = this.#replica.report;
    return (what === "flag" ? owners : segmentOwners).get(key);
  }

  /** For `ifVersion` of the next write; `undefined` where no store keeps it, or tells. */
  versionOf(what: DefinitionKind, key: string): number | undefined {
    const { store, snapshot, segmentVersions } = this.#replica;
    if (store === undefined || this.ownerOf(what, key) !== store.name) return undefined;
    if (what === "flag") return snapshot.flags.get(key)?.flag.version ?? FIRST_VERSION;
    return segmentVersions && (segmentVersions.get(key) ?? FIRST_VERSION);
  }

  /** The definition as it stands in the store: what a patch is applied to. */
  written(what: DefinitionKind, key: string): JsonValue | undefined {
    const { store } = this.#replica;
    const documents = store === undefined ? [] : this.#replica.documentsOf(store);
    for (const { document } of documents.toReversed()) {
      if (!isPlainObject(document)) continue;
      const { flags, segments } = documentRows(document);
      const found = (what === "flag" ? flags : segments).get(key);
      if (found !== undefined) return asWritten(what, key, found);
    }
    return undefined;
  }

  /** What a document, as files have it, would come to together with what serves. */
  examine(document: unknown): Promise<LoadResult> {
    return this.#replica.examine(document);
  }

  /** The change that an edit comes to. Throws what a store would not be asked for. */
  plan(edit: DefinitionEdit): DefinitionChange {
    const { what, key, op, ifVersion } = edit;
    this.storeFor(what, key);
    if (op === "delete") return { what, key, definition: undefined, ifVersion };
    if (op === "put") return { what, key, definition: newDefinition(edit), ifVersion };
    const base = this.ownerOf(what, key) && this.written(what, key);
    if (base === undefined) throw notFound(what, key);
    this.checkVersion(edit);
    const definition = asWritten(what, key, mergePatch(base, copyPlain(edit.patch)));
    // Other processes may have written what this one has not seen: the patch is not meant for that.
    return { what, key, definition, ifVersion: ifVersion ?? this.versionOf(what, key) };
  }

  /** Compares with what this process knows, where it is not the store that compares. */
  checkVersion({ what, key, ifVersion }: Pick<DefinitionEdit, "what" | "key" | "ifVersion">): void {
    const version = this.ownerOf(what, key) === undefined ? 0 : this.versionOf(what, key);
    if (ifVersion === undefined || version === undefined || ifVersion === version) return;
    const now = version === 0 ? "does not exist" : `is at version ${version}`;
    throw new HalyardError(
      "VERSION_CONFLICT",
      `The ${what} "${key}" ${now}, and the change was made for ${ifVersion === 0 ? "none" : `version ${ifVersion}`}. Read it again, then decide.`,
    );
  }
}

function newDefinition({
  what,
  key,
  definition,
}: {
  readonly what: DefinitionKind;
  readonly key: string;
  readonly definition: unknown;
}): JsonValue {
  if (definition === undefined || definition === null) {
    throw invalidDefinition(what, key, "must be a definition or a value, and is missing");
  }
  return asWritten(what, key, copyPlain(definition));
}

/** What the store says of a flag, and nobody else. */
const READ_ONLY: readonly string[] = ["version", "createdAt", "updatedAt"];

/** A definition as stores keep it: a flag's is an object, also where it was written as its value. */
function asWritten(what: DefinitionKind, key: string, given: unknown): JsonValue {
  if (what === "segment") return given as JsonValue;
  if (typeof given === "boolean") {
    // So that a percentage or a rule that is patched in beside it decides.
    return given ? { enabled: true } : { enabled: true, default: false };
  }
  if (!isPlainObject(given)) return { default: given as JsonValue };
  const own = Object.entries(given).filter(([name]) => !READ_ONLY.includes(name));
  if (own.length === 0 || !isDefinition(given)) {
    throw invalidDefinition(
      what,
      key,
      `is a group of flags, not a definition of "${key}": write each flag under its whole key`,
    );
  }
  return Object.fromEntries(own) as JsonValue;
}

export function notFound(what: DefinitionKind, key: string): HalyardError {
  const code = what === "flag" ? "FLAG_NOT_FOUND" : "SEGMENT_NOT_FOUND";
  return new HalyardError(code, `There is no ${what} "${key}".`);
}

function invalidDefinition(what: DefinitionKind, key: string, message: string): HalyardError {
  const token = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return invalidDefinitions([{ path: `/${what}s/${token}`, message }]);
}
