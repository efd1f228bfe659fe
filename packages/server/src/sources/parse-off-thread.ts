import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { HalyardError } from "@halyard/core";
import { type Parsed, parseBytes } from "./parse.ts";
import type { ParseReply, ParseRequest } from "./parse-worker.ts";
import { share } from "./share.ts";
import { Assembly, type Slice } from "./slices.ts";
import type { Format } from "./text.ts";

/** Milliseconds. Many times what the largest file that is read takes. */
const TIME_LIMIT = 60_000;

/** Longest uninterrupted run on this thread, in milliseconds. */
const TURN = 8;

export interface OffThreadOptions {
  /** Remembers, from one read to the next, that there are no threads to be had. */
  readonly threads?: { available: boolean } | undefined;
  /** Milliseconds that one text may take. Default 60,000. */
  readonly timeLimit?: number | undefined;
  /** The thread's module, for tests. */
  readonly entry?: URL | undefined;
}

interface NamedText extends ParseRequest {
  readonly name: string;
}

/**
 * Parses large texts in a thread of its own, which lives as long as one read of all files. While
 * a text is being parsed it keeps the process alive, as the reading of its file did: who awaits
 * the first definitions and nothing else must get them.
 */
export class OffThreadParser {
  readonly #options: OffThreadOptions;
  #worker: Worker | undefined;
  #slices: MessagePort | undefined;

  constructor(options: OffThreadOptions = {}) {
    this.#options = options;
  }

  /**
   * The document is put together with the values of the previous one where they are equal.
   * Rejects with `SOURCE_READ_FAILED` when the thread crashes, runs out of memory or takes too
   * long. Where threads can't be had, because the application was bundled into one file or
   * forbids them, the text is parsed here.
   */
  async parse({ name, bytes, format }: NamedText, previous: unknown): Promise<Parsed> {
    const { threads = { available: true } } = this.#options;
    if (!threads.available) return parseHere(bytes, format, previous);
    try {
      const reply = await this.#ask({ bytes, format });
      if ("problems" in reply) return reply;
      return { document: await this.#collect(reply.slices, previous), layout: reply.layout };
    } catch (error) {
      await this.close();
      if (!isStartFailure(error)) {
        const reason = error instanceof Error ? error.message : String(error);
        const message = `${name} can't be parsed: ${reason}. Make the file smaller, or split it.`;
        throw new HalyardError("SOURCE_READ_FAILED", message, { cause: error });
      }
      threads.available = false;
      process.emitWarning(
        `Large files of flags are parsed on the main thread, which they hold up: no thread can be started for them (${String(error)}). If the application is bundled, leave @halyard/server out of the bundle.`,
        { type: "HalyardWarning", code: "HALYARD_NO_PARSER_THREAD" },
      );
      return parseHere(bytes, format, previous);
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#slices?.close();
    this.#slices = undefined;
    await worker?.terminate();
  }

  #ask(request: ParseRequest): Promise<ParseReply> {
    return new Promise((resolve, reject) => {
      const worker = this.#start();
      const { timeLimit = TIME_LIMIT } = this.#options;
      const onReply = (reply: ParseReply) => settle(() => resolve(reply));
      const onError = (error: unknown) => settle(() => reject(error));
      const onExit = (code: number) => {
        onError(new Error(`the thread that parses ended with code ${code}`));
      };
      const timer = setTimeout(() => {
        onError(new Error(`parsing took longer than ${timeLimit / 1000} seconds and was given up`));
      }, timeLimit);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        worker.off("message", onReply).off("error", onError).off("exit", onExit);
        act();
      };
      worker.on("message", onReply).on("error", onError).on("exit", onExit);
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { port1, port2 } = new MessageChannel();
    this.#slices = port1;
    // Not with the process's own flags: what they preload, such as instrumentation, is the
    // application's and has nothing to do in this thread.
    const options = { execArgv: [], workerData: { port: port2 }, transferList: [port2] };
    const { entry = ENTRY } = this.#options;
    this.#worker = entry.pathname.endsWith(".ts")
      ? new Worker(fromSource(entry), { ...options, eval: true })
      : new Worker(entry, options);
    // One that fails while it is being ended has nobody to tell, and nothing to lose.
    this.#worker.on("error", () => {});
    return this.#worker;
  }

  async #collect(count: number, previous: unknown): Promise<unknown> {
    const assembly = new Assembly(previous);
    let until = performance.now() + TURN;
    for (let received = 0; received < count; received++) {
      const slice = this.#slices && receiveMessageOnPort(this.#slices);
      if (slice === undefined)
        throw new Error("the thread that parses lost a part of the document");
      assembly.add(slice.message as Slice);
      if (performance.now() < until) continue;
      await new Promise((resolve) => setImmediate(resolve));
      until = performance.now() + TURN;
    }
    return assembly.document;
  }
}

// The thread's module stands beside this one, in either published format, and as TypeScript where
// the sources are run as they are. Both names are written out for the tools that follow them.
const ENTRY = import.meta.url.endsWith(".ts")
  ? new URL("./parse-worker.ts", import.meta.url)
  : new URL("./parse-worker.js", import.meta.url);

/** In tests and in development: a thread does not inherit what loads TypeScript in its parent. */
function fromSource(entry: URL): string {
  const loader = createRequire(import.meta.url).resolve("tsx/cjs");
  const modules = [loader, fileURLToPath(entry)];
  return modules.map((module) => `require(${JSON.stringify(module)});`).join("\n");
}

/** Parses on the thread that calls. `previous` as in {@link OffThreadParser.parse}. */
export function parseHere(bytes: Uint8Array, format: Format, previous: unknown): Parsed {
  const parsed = parseBytes(bytes, format);
  if ("problems" in parsed) return parsed;
  return { ...parsed, document: share(previous, parsed.document) };
}

function isStartFailure(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND", "ERR_ACCESS_DENIED"].includes(
    String(error.code),
  );
}
