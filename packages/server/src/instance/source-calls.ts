import {
  type DefinitionChange,
  type DefinitionDocument,
  type DefinitionSource,
  HalyardError,
  type SourceListener,
} from "@halyard/core";
import type { Log } from "./log.ts";

// Sources are others' code: what they give and throw is looked at here.

export type Documents = readonly DefinitionDocument[];

/** What a source gives at once. Throws `SOURCE_READ_FAILED` for what are no documents. */
export function readSourceSync(source: DefinitionSource): Documents {
  return checked(source, source.readSync?.());
}

/** Rejects with what the source does, and with `SOURCE_READ_FAILED` for what are no documents. */
export async function readSource(source: DefinitionSource): Promise<Documents> {
  return checked(source, await source.read());
}

/** Taken for a list of documents, `undefined` would mean "no flags". */
function checked({ name }: DefinitionSource, given: unknown): Documents {
  if (Array.isArray(given) && given.every(isDocument)) return given;
  const message = `${name} gave no list of documents of the form { name, document }.`;
  throw new HalyardError("SOURCE_READ_FAILED", message);
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

/** A source that management can write to. */
export type WritableSource = DefinitionSource & Required<Pick<DefinitionSource, "write">>;

/** Rejects with a `HalyardError`: `STORE_WRITE_FAILED` unless the source says it better. */
export async function writeSource(source: WritableSource, change: DefinitionChange): Promise<void> {
  try {
    await source.write([change]);
  } catch (cause) {
    if (cause instanceof HalyardError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${source.name} did not take the change: ${reason}`;
    throw new HalyardError("STORE_WRITE_FAILED", message, { cause });
  }
}

/** Ends what watches, each whatever becomes of the others. */
export async function endAll(stops: readonly (() => unknown)[], log: Log): Promise<void> {
  for (const ended of await Promise.allSettled(stops.map(async (stop) => stop()))) {
    if (ended.status === "fulfilled") continue;
    log.error(`A source failed while it was ended: ${String(ended.reason)}`);
  }
}
