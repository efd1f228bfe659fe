import {
  type Attribution,
  type DefinitionDocument,
  type DefinitionSource,
  HalyardError,
  type HalyardErrorCode,
  type Override,
  type SourceContents,
  type SourceListener,
  type Store,
  type StoreChange,
  type StoreContents,
  type WriteResult,
} from "@halyard/core";
import { withDeadline } from "./deadline.ts";
import { type Log, messageOf } from "./log.ts";

// Sources are others' code: what they give and throw is looked at here.

export type Documents = readonly DefinitionDocument[];

/** What a read gave, in one form. */
export interface Contents {
  readonly documents: Documents;
  readonly version: number | undefined;
  /** Of a store: the overrides that hold for everybody. */
  readonly overrides: readonly Override[];
  /** Of a store that tells them: the versions of its segments. */
  readonly segmentVersions?: ReadonlyMap<string, number> | undefined;
}

/** Whether management can write there. */
export function isStore(source: DefinitionSource): source is Store {
  const { write, readSubject } = source as Partial<Store>;
  return typeof write === "function" && typeof readSubject === "function";
}

/** What a source gives at once. Throws `SOURCE_READ_FAILED` for what are no documents. */
export function readSourceSync(source: DefinitionSource): Contents {
  return checked(source, source.readSync?.());
}

/** Rejects with what the source does, and with `SOURCE_READ_FAILED` for what are no documents. */
export async function readSource(source: DefinitionSource): Promise<Contents> {
  return checked(source, await source.read());
}

/** Taken for a list of documents, `undefined` would mean "no flags". */
function checked({ name }: DefinitionSource, given: unknown): Contents {
  if (isDocuments(given)) return { documents: given, version: undefined, overrides: [] };
  const contents = given as Partial<StoreContents & SourceContents> | null | undefined;
  if (typeof contents === "object" && contents !== null && isDocuments(contents.documents)) {
    const { documents, version, overrides = [], segmentVersions } = contents;
    const isKnown = version === undefined || Number.isSafeInteger(version);
    if (isKnown && Array.isArray(overrides)) {
      return { documents, version, overrides, segmentVersions };
    }
  }
  const message = `${name} gave no list of documents of the form { name, document }.`;
  throw new HalyardError("SOURCE_READ_FAILED", message);
}

function isDocuments(given: unknown): given is Documents {
  return Array.isArray(given) && given.every(isDocument);
}

function isDocument(given: unknown): given is DefinitionDocument {
  return typeof given === "object" && given !== null && "document" in given;
}

/** Starts to watch; what keeps it from that is told to the listener. Returns what ends it. */
export function watchSource(
  source: DefinitionSource,
  listener: SourceListener,
): (() => unknown) | undefined {
  try {
    return source.watch?.(listener);
  } catch (error) {
    listener.onError(error);
    return undefined;
  }
}

/** Milliseconds that a store has for a write: what comes later was written, or not. */
const WRITE_DEADLINE = 10_000;

/** Rejects with a `HalyardError`: `STORE_WRITE_FAILED` unless the store says it better. */
export async function writeStore(
  store: Store,
  changes: readonly StoreChange[],
  by: Attribution,
): Promise<WriteResult> {
  const message = `${store.name} did not answer within ${WRITE_DEADLINE / 1000} seconds. The change may have been made all the same: read before you write again.`;
  const written = named(store, "STORE_WRITE_FAILED", "did not take the change", async () =>
    store.write(changes, by),
  );
  return withDeadline(written, WRITE_DEADLINE, "STORE_WRITE_FAILED", message);
}

/** Milliseconds that a store has for a list, or an entry of one. */
const READ_DEADLINE = 10_000;

/** Rejects as {@link readStore}, and when the store does not answer in time. */
export function readInTime<T>(store: Store, read: () => Promise<T>): Promise<T> {
  const message = `${store.name} did not answer within ${READ_DEADLINE / 1000} seconds.`;
  return withDeadline(readStore(store, read), READ_DEADLINE, "STORE_READ_FAILED", message);
}

/** Rejects with a `HalyardError`: `STORE_READ_FAILED` unless the store says it better. */
export function readStore<T>(store: Store, read: () => Promise<T>): Promise<T> {
  return named(store, "STORE_READ_FAILED", "can't be read", read);
}

async function named<T>(
  { name }: Store,
  code: HalyardErrorCode,
  what: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof HalyardError) throw cause;
    throw new HalyardError(code, `${name} ${what}: ${messageOf(cause)}`, { cause });
  }
}

/** Ends what watches, each whatever becomes of the others. */
export async function endAll(stops: readonly (() => unknown)[], log: Log): Promise<void> {
  for (const ended of await Promise.allSettled(stops.map(async (stop) => stop()))) {
    if (ended.status === "fulfilled") continue;
    log.error(`A source failed while it was ended: ${messageOf(ended.reason)}`);
  }
}
