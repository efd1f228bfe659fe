import { promisify } from "node:util";
import { gzip as compress } from "node:zlib";
import type { AnalyticsExporter, AnalyticsRecord, ExportOutcome } from "@halyard/core";
import { LineFile } from "../file/line-file.ts";
import { chunksOf, linesOf } from "../shared/chunks.ts";
import { exportFailed, reasonOf } from "../shared/failure.ts";
import { addressOf, checkOptions, type HttpExporterOptions } from "./options.ts";
import { Poster } from "./post.ts";
import { backoff, isTemporary, pause, retryAfter } from "./retry.ts";
import { messageId, Signer } from "./signature.ts";

/** Characters of one body, before compression. */
const MAX_BODY = 1_000_000;

const gzipped = promisify(compress);

/**
 * Posts batches as `{ "events": […] }`, tries again for a while, and keeps what can't be delivered in
 * a file, if one is named.
 */
export function httpExporter(options: HttpExporterOptions): AnalyticsExporter {
  checkOptions(options);
  return new HttpExporter(options);
}

/** What became of one attempt. */
interface Attempt {
  /** Why it failed; absent when it did not. */
  readonly failure?: string;
  /** Milliseconds that the collector asks for, before the next one; absent when there is to be none. */
  readonly retryAfter?: number;
}

class HttpExporter implements AnalyticsExporter {
  readonly name: string;
  readonly keep?: NonNullable<AnalyticsExporter["keep"]>;
  readonly #options: HttpExporterOptions;
  readonly #poster: Poster;
  readonly #signer: Signer;
  readonly #deadLetters: LineFile | undefined;

  constructor(options: HttpExporterOptions) {
    const { url, secret = [], timeout = 10_000, deadLetters, name = "http" } = options;
    this.name = name;
    this.#options = options;
    this.#signer = new Signer(Array.isArray(secret) ? secret : [secret]);
    this.#poster = new Poster(addressOf(url), timeout);
    if (deadLetters === undefined) return;
    this.#deadLetters = new LineFile(deadLetters);
    this.keep = (batch) => this.#keepWaiting(batch);
  }

  async export(
    batch: readonly AnalyticsRecord[],
    signal: AbortSignal,
  ): Promise<ExportOutcome | undefined> {
    let dropped = 0;
    let setAside = 0;
    let reason: string | undefined;
    for (const chunk of chunksOf(batch, MAX_BODY)) {
      const failure = await this.#deliver(chunk, signal);
      if (failure === undefined) continue;
      const lost = await this.#setAside(chunk);
      reason = `The collector ${failure}.${lost ?? ""}`;
      if (lost === undefined) setAside += chunk.length;
      else dropped += chunk.length;
    }
    if (dropped === batch.length && reason !== undefined) throw exportFailed(reason);
    return { dropped, setAside, reason };
  }

  /** Why it can't be delivered; `undefined` when it has been. */
  async #deliver(
    records: readonly AnalyticsRecord[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { maxAttempts = 8, retryDelay = 1000, maxRetryDelay = 60_000 } = this.#options;
    const { gzip = true } = this.#options;
    const id = messageId(records);
    const body = `{"events":[${records.map(({ json }) => json).join(",")}]}`;
    const bytes = gzip ? await gzipped(body) : Buffer.from(body);
    for (let attempt = 1; ; attempt++) {
      const { failure, retryAfter } = await this.#attempt(id, body, bytes, signal);
      if (failure === undefined || retryAfter === undefined) return failure;
      if (attempt >= maxAttempts) {
        return attempt === 1 ? failure : `${failure}, ${attempt} times`;
      }
      const delay = Math.max(backoff(attempt, retryDelay, maxRetryDelay), retryAfter);
      await pause(delay, signal);
      if (signal.aborted) return failure;
    }
  }

  async #attempt(id: string, body: string, bytes: Buffer, signal: AbortSignal): Promise<Attempt> {
    const { headers, gzip = true } = this.#options;
    const now = Date.now();
    try {
      const all = {
        ...headers,
        ...this.#signer.sign(id, Math.floor(now / 1000), body),
        "content-type": "application/json",
        ...(gzip ? { "content-encoding": "gzip" } : {}),
      };
      const { status, retryAfter: asked } = await this.#poster.post(bytes, all, signal);
      if (status >= 200 && status < 300) return {};
      const failure = `answered ${status}`;
      return isTemporary(status) ? { failure, retryAfter: retryAfter(asked, now) } : { failure };
    } catch (error) {
      if (signal.aborted) return { failure: "gave no answer before the instance was closed" };
      return { failure: `can't be reached: ${reasonOf(error)}`, retryAfter: 0 };
    }
  }

  async #keepWaiting(batch: readonly AnalyticsRecord[]): Promise<ExportOutcome> {
    const reason = "The instance was closed before they could be sent.";
    const lost = await this.#setAside(batch);
    if (lost !== undefined) throw exportFailed(`${reason}${lost}`);
    return { setAside: batch.length, reason };
  }

  /** `undefined` when they are kept; else what there is to add to why they are lost. */
  async #setAside(records: readonly AnalyticsRecord[]): Promise<string | undefined> {
    if (this.#deadLetters === undefined) return "";
    try {
      await this.#deadLetters.append(linesOf(records));
      return undefined;
    } catch (error) {
      return ` ${(error as Error).message}`;
    }
  }

  async flush(): Promise<void> {
    await this.#deadLetters?.flush();
  }

  async close(): Promise<void> {
    this.#poster.close();
    await this.#deadLetters?.close();
  }
}
