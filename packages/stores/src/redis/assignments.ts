import type { AssignmentStore, NewAssignment } from "@halyard/core";
import { Failures } from "../shared/failure.ts";
import { Gate } from "../shared/gate.ts";
import { checkNames, invalidOption } from "../shared/options.ts";
import { Connection, tryTwice } from "./connection.ts";
import { adviceOn, checkUrl, type RedisClient } from "./driver.ts";
import { checkPrefix } from "./keys.ts";
import { ASSIGN, ASSIGNMENTS, type Script } from "./scripts.ts";

const NAME = "redisAssignments";

const DAY = 86_400_000;
const DEFAULT_TTL = 90 * DAY;
const MAX_TTL = 3650 * DAY;

/** Where the server is, and how long it keeps what it is given. */
export interface RedisAssignmentsOptions {
  /** `redis://…` or `rediss://…`. Opened with the package `redis`, which is to be installed. */
  readonly url?: string | undefined;
  /** Instead: a connected client, or cluster, of `redis` 5 or newer. It is not closed. */
  readonly client?: RedisClient | undefined;
  /** What the names of the keys begin with; `feature_flags` unless said otherwise. */
  readonly prefix?: string | undefined;
  /** For people; `redis` unless said otherwise. */
  readonly name?: string | undefined;
  /** Milliseconds that a unit's assignments are kept after it was last seen; 90 days. */
  readonly ttl?: number | undefined;
}

/**
 * Assignments in Redis 6 or newer, or a cluster, for any number of processes: a hash for each unit,
 * in slots of their own. Throws `INVALID_OPTIONS`; what needs the server rejects with
 * `MISSING_PACKAGE` when a `url` is given and `redis` is not installed.
 */
export function redisAssignments(options: RedisAssignmentsOptions): AssignmentStore {
  return new RedisAssignments(options);
}

class RedisAssignments implements AssignmentStore {
  readonly name: string;
  readonly #prefix: string;
  readonly #ttl: string;
  readonly #connection: Connection;
  readonly #failures: Failures;
  readonly #gate: Gate;

  constructor(options: RedisAssignmentsOptions) {
    checkNames(NAME, options, ["url", "client", "prefix", "name", "ttl"]);
    const { url, client, prefix = "feature_flags", name = "redis", ttl = DEFAULT_TTL } = options;
    if ((url === undefined) === (client === undefined)) {
      throw invalidOption(NAME, "give it a `url` or a `client`.");
    }
    checkPrefix(NAME, prefix);
    if (!Number.isSafeInteger(ttl) || ttl < 1000 || ttl > MAX_TTL) {
      throw invalidOption(NAME, `\`ttl\` must be 1000 to ${MAX_TTL} milliseconds, not ${ttl}.`);
    }
    this.name = name;
    this.#prefix = prefix;
    this.#ttl = String(ttl);
    this.#connection = new Connection(client, url);
    this.#failures = new Failures(name, adviceOn, url === undefined ? [] : checkUrl(NAME, url));
    this.#gate = new Gate(() => this.#failures.closed());
  }

  async load(units: readonly string[]): Promise<readonly ReadonlyMap<string, string>[]> {
    try {
      const found = await this.#runEach(ASSIGNMENTS, units, (unit) => ({ unit, values: [] }));
      return found.map((answer) => mapOf(answer as readonly string[]));
    } catch (error) {
      throw this.#failures.read(error);
    }
  }

  async assign(assignments: readonly NewAssignment[]): Promise<readonly string[]> {
    try {
      const standing = await this.#runEach(
        ASSIGN,
        assignments,
        ({ unit, experiment, variant, replaces }) => ({
          unit,
          values: [experiment, variant, replaces === undefined ? "" : `=${replaces}`],
        }),
      );
      return standing.map(([variant]) => String(variant));
    } catch (error) {
      throw this.#failures.write(error);
    }
  }

  /** All in one go, which the client sends together; each in the slot of its unit. */
  #runEach<T>(
    script: Script,
    items: readonly T[],
    callOf: (item: T) => { readonly unit: string; readonly values: readonly string[] },
  ): Promise<readonly (readonly unknown[])[]> {
    const work = async () => {
      const client = await this.#connection.client();
      const running = items.map((item) => {
        const { unit, values } = callOf(item);
        const keys = [`${this.#prefix}:assignments:${unit}`];
        return this.#connection.run(client, script, keys, [this.#ttl, ...values]);
      });
      return Promise.all(running);
    };
    // What was made the first time is found the second.
    return this.#gate.run(() => tryTwice(work, () => this.#gate.check()));
  }

  async close(): Promise<void> {
    await this.#gate.close();
    await this.#connection.end();
  }
}

/** Of fields and values by turns. */
function mapOf(hash: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let index = 0; index + 1 < hash.length; index += 2) {
    map.set(hash[index] as string, hash[index + 1] as string);
  }
  return map;
}
