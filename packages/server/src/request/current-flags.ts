import { AsyncLocalStorage } from "node:async_hooks";
import type { FlagClient } from "@halyard/core";

// One for all copies of this package, so that a library finds what the application's copy set.
const STORAGE = Symbol.for("halyard.currentFlags");

interface Holder {
  [STORAGE]?: AsyncLocalStorage<FlagClient>;
}

function storage(): AsyncLocalStorage<FlagClient> {
  const holder = globalThis as Holder;
  holder[STORAGE] ??= new AsyncLocalStorage();
  return holder[STORAGE];
}

/**
 * The client of the request that is being handled, anywhere in what it calls. `undefined` outside
 * of requests, and where `asyncLocalStorage: true` was not given. A convenience: callbacks of
 * event emitters may lose it, `req.flags` is always right.
 */
export function currentFlags(): FlagClient | undefined {
  return storage().getStore();
}

/** Runs `next` and whatever it calls with `client` as the current one. */
export function runWithFlags<T>(client: FlagClient, next: () => T): T {
  return storage().run(client, next);
}
