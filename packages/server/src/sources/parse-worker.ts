import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { Layout } from "./outline.ts";
import { parseBytes } from "./parse.ts";
import { slicesOf } from "./slices.ts";
import type { Format, TextProblem } from "./text.ts";

/** What the thread is given for every text. */
export interface ParseRequest {
  readonly bytes: Uint8Array;
  readonly format: Format;
}

/** What it says when it has posted the slices of the document. */
export type ParseReply =
  | { readonly slices: number; readonly layout: Layout | undefined }
  | { readonly problems: readonly TextProblem[] };

// The entry of the thread that `parse-off-thread.ts` starts. Slices go through a port of their
// own, from which the other side takes them one by one, when it has time.
const { port } = workerData as { port: MessagePort };

parentPort?.on("message", ({ bytes, format }: ParseRequest) => {
  parentPort?.postMessage(reply(bytes, format));
});

function reply(bytes: Uint8Array, format: Format): ParseReply {
  const parsed = parseBytes(bytes, format);
  if ("problems" in parsed) return parsed;
  let slices = 0;
  for (const slice of slicesOf(parsed.document)) {
    port.postMessage(slice);
    slices++;
  }
  return { slices, layout: parsed.layout };
}
