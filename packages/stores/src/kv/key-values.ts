import { createHash } from "node:crypto";
import { invalidOption } from "../shared/options.ts";

/**
 * What keeps a text under a name: `unstorage`, Keyv, a `Map`, or anything with the methods. Besides
 * `get` and `set` it has one that removes a key, and one that gives the keys with a prefix (or all).
 */
export interface KeyValue {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
  delete?(key: string): unknown;
  del?(key: string): unknown;
  removeItem?(key: string): unknown;
  list?(prefix: string): unknown;
  getKeys?(prefix: string): unknown;
  keys?(prefix: string): unknown;
}

/** Begins each value, so that no storage takes one for JSON of its own, and parses it. */
const MARK = "halyard";

/** Names and values as they are kept. Names have only letters, digits, `_`, `-` and `:`. */
export class KeyValues {
  /** Two places for what a store is now: while one is written, the other is whole. */
  readonly heads: readonly [string, string];
  readonly definitions: string;
  /** The ids of proposals. */
  readonly proposals: string;
  readonly #kv: KeyValue;
  readonly #domain: string;

  constructor(kv: KeyValue, domain: string) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(domain)) {
      throw invalidOption("keyValueStore", "`domain` must be 1 to 64 letters, digits, `_` or `-`.");
    }
    const removes = kv?.delete ?? kv?.del ?? kv?.removeItem;
    const lists = kv?.list ?? kv?.getKeys ?? kv?.keys;
    if (!kv?.get || !kv.set || !removes || !lists) {
      throw invalidOption(
        "keyValueStore",
        "`kv` must have the methods `get`, `set`, `delete` (or `del`, `removeItem`) and `list` (or `getKeys`, `keys`).",
      );
    }
    this.#kv = kv;
    this.#domain = domain;
    this.heads = [`${domain}:head-0`, `${domain}:head-1`];
    this.definitions = `${domain}:definitions`;
    this.proposals = `${domain}:proposals`;
  }

  scope(scope: string): string {
    return `${this.#domain}:scope:${digest(scope)}`;
  }

  user(user: string): string {
    return `${this.#domain}:user:${digest(user)}`;
  }

  group(group: string): string {
    return `${this.#domain}:group:${digest(group)}`;
  }

  proposal(id: string): string {
    return `${this.#domain}:proposal:${digest(id)}`;
  }

  audit(version: number): string {
    return `${this.#domain}:audit:${version}`;
  }

  /** Rejects for a value that is not whole: some storages show one that is being written. */
  async get(key: string): Promise<string | undefined> {
    const value = await this.#kv.get(key);
    if (value === null || value === undefined) return undefined;
    const [mark, checksum = "", ...rest] = String(value).split(" ");
    const text = rest.join(" ");
    if (mark === MARK && checksum === digest(text)) return text;
    throw new Error(`The value of ${key} is not one that this store wrote, or not all of it`);
  }

  async put(key: string, text: string | null): Promise<void> {
    if (text !== null) await this.#kv.set(key, `${MARK} ${digest(text)} ${text}`);
    else if (this.#kv.delete !== undefined) await this.#kv.delete(key);
    else if (this.#kv.del !== undefined) await this.#kv.del(key);
    else await this.#kv.removeItem?.(key);
  }

  /** The keys of all scopes with overrides. */
  async scopes(): Promise<readonly string[]> {
    return this.#list(`${this.#domain}:scope:`);
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#list(`${this.#domain}:`)).length === 0;
  }

  async #list(prefix: string): Promise<readonly string[]> {
    const kv = this.#kv;
    const given =
      kv.list !== undefined
        ? await kv.list(prefix)
        : kv.getKeys !== undefined
          ? await kv.getKeys(prefix)
          : await kv.keys?.(prefix);
    const keys = [...(given as Iterable<unknown>)].map(String);
    return keys.filter((key) => key.startsWith(prefix));
  }
}

/** Ids have any characters and lengths; names of keys may not. */
function digest(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
