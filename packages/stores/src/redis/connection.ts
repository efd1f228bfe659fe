import { HalyardError } from "@halyard/core";
import { connectTo, destroy, isRefusal, NoAnswer, type RedisClient, run } from "./driver.ts";
import type { Script } from "./scripts.ts";

/** A connection to a server: the application's client, or one that is opened when it is needed. */
export class Connection {
  readonly #given: RedisClient | undefined;
  readonly #url: string | undefined;
  #connecting: Promise<RedisClient> | undefined;

  /** Either of both. */
  constructor(given: RedisClient | undefined, url: string | undefined) {
    this.#given = given;
    this.#url = url;
  }

  async client(): Promise<RedisClient> {
    return this.#given ?? (await this.#connect());
  }

  async #connect(): Promise<RedisClient> {
    this.#connecting ??= connectTo(this.#url as string, () => {
      this.#connecting = undefined;
    });
    try {
      return await this.#connecting;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  run(
    client: RedisClient,
    script: Script,
    keys: string[],
    values: string[],
  ): Promise<readonly unknown[]> {
    return this.heard(client, run(client, script, keys, values));
  }

  /** A connection that gave no answer would give none to those who come next: it is left. */
  async heard<T>(client: RedisClient, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof NoAnswer && client !== this.#given) destroy(client);
      throw error;
    }
  }

  /** Closes what was opened here. */
  async end(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    if (client !== undefined) destroy(client);
  }
}

/**
 * Tries once more, on another connection, when one broke, as all do when the server is restarted.
 * `check` throws when there is to be no second time.
 */
export async function tryTwice<T>(work: () => Promise<T>, check: () => void): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error) || error instanceof HalyardError) throw error;
  }
  check();
  return work();
}
