import {
  auditLimitOf,
  checkNames,
  invalidOption,
  milliseconds,
  type PushOptions,
  type StoreOptions,
} from "../shared/options.ts";
import type { RedisClient } from "./driver.ts";

/** Where the server is, and how it is used. */
export interface RedisStoreOptions extends StoreOptions, PushOptions {
  /** `redis://…` or `rediss://…`. Opened with the package `redis`, which is to be installed. */
  readonly url?: string | undefined;
  /** Instead: a connected client, or cluster, of `redis` 5 or newer. It is not closed. */
  readonly client?: RedisClient | undefined;
  /** What the names of the keys begin with; `feature_flags` unless said otherwise. */
  readonly prefix?: string | undefined;
  /** Entries of the audit that are kept, 1000 at least; 10,000. The oldest go first. */
  readonly auditLimit?: number | undefined;
}

interface CheckedOptions extends Pick<RedisStoreOptions, "url" | "client"> {
  readonly prefix: string;
  readonly name: string;
  readonly pollInterval: number;
  readonly push: boolean;
  readonly auditLimit: number;
}

/** With what holds where nothing was said. Throws `INVALID_OPTIONS`. */
export function checkedOptions(options: RedisStoreOptions): CheckedOptions {
  const names = ["url", "client", "prefix", "name", "pollInterval", "push", "auditLimit"];
  checkNames("redisStore", options, names);
  const { url, client, prefix = "feature_flags", name = "redis", push = true } = options;
  if ((url === undefined) === (client === undefined)) {
    throw invalidOption("redisStore", "give it a `url` or a `client`.");
  }
  const auditLimit = auditLimitOf("redisStore", options.auditLimit ?? 10_000, 1000);
  const pollInterval = milliseconds("redisStore", "pollInterval", options.pollInterval, 30_000);
  return { url, client, prefix, name, push, auditLimit, pollInterval };
}
