import type { Writable } from "node:stream";
import type { AnalyticsExporter, AnalyticsRecord } from "@halyard/core";
import { checkFields, isFunction, isObject, TEXT } from "@halyard/server/adapter";
import { linesOf, sendInChunks } from "../shared/chunks.ts";

export interface StdoutExporterOptions {
  /** Where lines go. Default `process.stdout`. It is not closed. */
  readonly stream?: Writable | undefined;
  /** Default `stdout`. */
  readonly name?: string | undefined;
}

/** Characters of one write. */
const CHUNK = 64 * 1024;

/** Writes each event as a line of JSON to standard output, no faster than it is read. */
export function stdoutExporter(options: StdoutExporterOptions = {}): AnalyticsExporter {
  checkFields<StdoutExporterOptions>("stdoutExporter.", options, {
    stream: {
      expected: "a stream that can be written to",
      accepts: (value) => isObject(value) && isFunction((value as Partial<Writable>).write),
    },
    name: TEXT,
  });
  const { stream = process.stdout, name = "stdout" } = options;
  const guarded = new GuardedStream(stream);
  return {
    name,
    export: (batch: readonly AnalyticsRecord[], signal: AbortSignal) =>
      sendInChunks(batch, {
        maxLength: CHUNK,
        signal,
        failure: "The stream can't be written to",
        send: (chunk) => guarded.write(linesOf(chunk), signal),
      }),
  };
}

/**
 * A stream that is somebody else's. When it fails it says so as an event, too, which nobody may be
 * listening for: that would end the process.
 */
class GuardedStream {
  readonly #stream: Writable;
  #writing = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Resolves once the text has left the stream's buffer. */
  write(text: string, signal: AbortSignal): Promise<void> {
    this.#guard();
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new Error("nobody reads it"));
      signal.addEventListener("abort", abort, { once: true });
      this.#stream.write(text, (error) => {
        signal.removeEventListener("abort", abort);
        // The event comes after this.
        setImmediate(() => this.#unguard());
        if (error) reject(error);
        else resolve();
      });
    });
  }

  #guard(): void {
    if (this.#writing === 0) this.#stream.on("error", ignore);
    this.#writing++;
  }

  #unguard(): void {
    this.#writing--;
    if (this.#writing === 0) this.#stream.off("error", ignore);
  }
}

function ignore(): void {}
