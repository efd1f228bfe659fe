import type { EvaluationDetails, EvaluationObserver, FlagClient } from "@halyard/core";
import type { Log } from "../instance/log.ts";
import { type AnswerHead, beforeHead, type NodeResponse } from "./answer-head.ts";
import type { CacheKey, CacheKeys } from "./cache-key.ts";

/** Has one answer tell caches what the flags depend on that were read for it. */
export class CacheRecorder implements EvaluationObserver {
  readonly #keys: CacheKeys;
  readonly #answer: () => NodeResponse | undefined;
  readonly #log: Log;
  readonly #found = new Set<CacheKey>();
  #response: NodeResponse | undefined;
  /** Whose reads these are; set before the first. */
  client: FlagClient | undefined;

  constructor(keys: CacheKeys, answer: () => NodeResponse | undefined, log: Log) {
    this.#keys = keys;
    this.#answer = answer;
    this.#log = log;
  }

  evaluated({ flagKey }: EvaluationDetails): void {
    this.shown(flagKey);
  }

  shown(key: string | undefined): void {
    if (this.client === undefined) return;
    const found = this.#keys.of(key, this.client.snapshot);
    if (found === undefined || this.#found.has(found)) return;
    this.#found.add(found);
    if (this.#isListening()) return;
    this.#log.misuse(
      "VARY_TOO_LATE",
      "A flag was read when the head of the answer had left, or before the flags plugin's own hooks, so caches were not told what the answer depends on. Read flags before the answer begins.",
    );
  }

  #isListening(): boolean {
    if (this.#response !== undefined) return !this.#response.headersSent;
    const response = this.#answer();
    if (response === undefined || !beforeHead(response, this.#write)) return false;
    this.#response = response;
    return true;
  }

  readonly #write = (head: AnswerHead): void => {
    const headers = new Set<string>();
    let isPrivate = false;
    for (const key of this.#found) {
      for (const header of key.headers) headers.add(header);
      isPrivate ||= key.isPrivate;
    }
    if (headers.size > 0) head.vary([...headers]);
    if (isPrivate) head.keepPrivate();
  };
}
