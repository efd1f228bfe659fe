import type { AnalyticsRecord, ExportOutcome } from "@halyard/core";
import { exportFailed, reasonOf } from "./failure.ts";

/** Parts of a batch whose JSON has at most so many characters; of one event, if that has more. */
export function* chunksOf(
  batch: readonly AnalyticsRecord[],
  maxLength: number,
): Generator<readonly AnalyticsRecord[], void, void> {
  let chunk: AnalyticsRecord[] = [];
  let length = 0;
  for (const record of batch) {
    if (chunk.length > 0 && length + record.json.length > maxLength) {
      yield chunk;
      chunk = [];
      length = 0;
    }
    chunk.push(record);
    length += record.json.length;
  }
  if (chunk.length > 0) yield chunk;
}

/** Events as JSON lines. */
export function linesOf(records: readonly AnalyticsRecord[]): string {
  return records.map(({ json }) => `${json}\n`).join("");
}

interface Sending {
  readonly maxLength: number;
  readonly signal: AbortSignal;
  /** Stands before the reason. */
  readonly failure: string;
  readonly send: (chunk: readonly AnalyticsRecord[]) => Promise<unknown>;
}

/** Sends the parts of a batch one after the other; what comes after one that fails is lost with it. */
export async function sendInChunks(
  batch: readonly AnalyticsRecord[],
  { maxLength, signal, failure, send }: Sending,
): Promise<ExportOutcome | undefined> {
  let sent = 0;
  for (const chunk of chunksOf(batch, maxLength)) {
    try {
      if (signal.aborted) throw new Error("the instance is closed");
      await send(chunk);
    } catch (error) {
      const reason = `${failure}: ${reasonOf(error)}`;
      if (sent === 0) throw exportFailed(reason, error);
      return { dropped: batch.length - sent, reason };
    }
    sent += chunk.length;
  }
  return undefined;
}
