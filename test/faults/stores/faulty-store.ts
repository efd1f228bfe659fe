import { type Attribution, HalyardError, type Store, type StoreChange } from "@halyard/core";
import type { TestServer } from "../../support/servers/server.ts";

type PutBack = () => Promise<void>;

export interface FaultyStore {
  readonly name: string;
  readonly server: TestServer;
  /** Opens a store at the place of this test, by way of this URL; milliseconds between its looks. */
  readonly open: (url: string, place: string, pollInterval?: number) => Store;
  /** What a client sends last of a write: from then on it is made, whoever hears of it. */
  readonly commits: RegExp;
  /** Takes away all that is at a place. */
  readonly empty: (place: string) => Promise<void>;
  /** The same; gives what puts back what says the version, and what puts back the rest. */
  readonly takeAway: (place: string) => Promise<readonly [meta: PutBack, rest: PutBack]>;
}

export const by: Attribution = { actor: { id: "ann", type: "person" }, at: 1000 };

export const flag = (key: string): StoreChange => ({ what: "flag", key, definition: {} });

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (error instanceof HalyardError ? error.code : `${error}`),
  );
}

/** The keys of flags that the audit has. */
export async function writtenKeys(store: Store): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.readAudit({ what: "flag" }, { limit: 1000, cursor });
    for (const { key } of page.items) keys.add(key);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}
