import type { OverrideSlot } from "@halyard/core";
import { invalidOption } from "../shared/options.ts";

/** The names of a store's keys, all in one slot of a cluster. */
export class Keys {
  /** A hash: id, version, audited (the id of the newest entry of the audit), schema. */
  readonly meta: string;
  /** A hash of rows, by {@link definitionField}. */
  readonly definitions: string;
  /** The fields of `definitions`, sorted by version. */
  readonly versions: string;
  /** A hash of rows, by their ids. */
  readonly proposals: string;
  /** The names of all overrides, by {@link slotName}, sorted by bytes. */
  readonly overrides: string;
  /** The names of those that expire, sorted by when. */
  readonly expiries: string;
  /** A stream. */
  readonly audit: string;
  /** Where the version is told of. */
  readonly channel: string;
  readonly #tag: string;

  constructor(prefix: string) {
    checkPrefix("redisStore", prefix);
    this.#tag = `{${prefix}}`;
    this.meta = `${this.#tag}:meta`;
    this.definitions = `${this.#tag}:definitions`;
    this.versions = `${this.#tag}:versions`;
    this.proposals = `${this.#tag}:proposals`;
    this.overrides = `${this.#tag}:overrides`;
    this.expiries = `${this.#tag}:expiries`;
    this.audit = `${this.#tag}:audit`;
    this.channel = `${this.#tag}:changes`;
  }

  /** A hash of the overrides of a scope, by {@link slotField}. */
  scope(scope: string): string {
    return `${this.#tag}:scope:${scope}`;
  }

  /** The set of a user's groups. */
  user(user: string): string {
    return `${this.#tag}:user:${user}`;
  }

  /** A group's users, sorted by bytes. */
  group(group: string): string {
    return `${this.#tag}:group:${group}`;
  }
}

/** Throws `INVALID_OPTIONS`. */
export function checkPrefix(what: string, prefix: string): void {
  if (/^[A-Za-z0-9_.:-]{1,64}$/.test(prefix)) return;
  throw invalidOption(what, "`prefix` must be 1 to 64 letters, digits, `_`, `.`, `:` or `-`.");
}

export function definitionField(what: "flag" | "segment", key: string): string {
  return `${what} ${key}`;
}

export function slotField({ flagKey, layer }: Pick<OverrideSlot, "flagKey" | "layer">): string {
  return `${flagKey} ${layer}`;
}

// NUL is in none of the parts, and comes before all that is.
const SEPARATOR = "\0";

/** The names of slots are in the order of flag, layer, scope. */
export function slotName(parts: readonly string[]): string {
  return parts.join(SEPARATOR);
}

export function slotOf(name: string): OverrideSlot {
  const [flagKey = "", layer = "", scope = ""] = name.split(SEPARATOR);
  return { flagKey, layer: layer as OverrideSlot["layer"], scope };
}

/** The least and the greatest name, in Redis's notation, of slots of a flag, after a name. */
export function slotRange(
  flagKey: string | undefined,
  after: string | undefined,
): [string, string] {
  const least = flagKey === undefined ? "-" : `[${flagKey}${SEPARATOR}`;
  const greatest = flagKey === undefined ? "+" : `(${flagKey}\u0001`;
  return [
    after === undefined || (flagKey !== undefined && after < least.slice(1)) ? least : `(${after}`,
    greatest,
  ];
}
