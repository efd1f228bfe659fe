import type { ServerResponse } from "node:http";
import onHeaders from "on-headers";
import appendVary from "vary";

/** Node's answer to a request, as frameworks hold it. */
export type NodeResponse = Pick<
  ServerResponse,
  "getHeader" | "setHeader" | "removeHeader" | "getHeaderNames" | "headersSent" | "writeHead"
>;

/**
 * Runs `write` when the head of an answer is about to leave: behind everything that the application
 * and its framework set, also for their errors and redirects. `false` when it has left already.
 * Several may write to one answer, in any order.
 */
export function beforeHead(response: NodeResponse, write: (head: AnswerHead) => void): boolean {
  if (response.headersSent) return false;
  onHeaders(response as ServerResponse, () => write(new AnswerHead(response)));
  return true;
}

/** Headers that some shared caches believe more than `Cache-Control`. */
const FOR_SHARED_CACHES = /cdn-cache-control$|^(surrogate-control|edge-control|x-accel-expires)$/;

/** What old caches heed, who know of no `Cache-Control`. */
const FOR_OLD_CACHES = ["expires", "pragma"];

/** Directives that a `private` beside them replaces. */
const FOR_SHARED = /^(public|private|s-maxage)\b/i;

/** What caches are told of an answer, joined with what the application tells them itself. */
export class AnswerHead {
  readonly #response: NodeResponse;

  constructor(response: NodeResponse) {
    this.#response = response;
  }

  /** Replaces what the application may have set. */
  set(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  /** Joins what the header lists already. */
  add(name: string, items: readonly string[]): void {
    const before = this.#response.getHeader(name);
    this.set(name, [before ?? [], ...items].flat().join(", "));
  }

  /** Caches tell answers apart by these headers of requests, too. */
  vary(names: readonly string[]): void {
    appendVary(this.#response as ServerResponse, [...names]);
  }

  /** No shared cache keeps the answer. What is said to the caller's own cache stays. */
  keepPrivate(): void {
    this.#silenceSharedCaches();
    const directives = directivesOf(this.#response.getHeader("cache-control"));
    if (directives.some((directive) => /^no-store$/i.test(directive))) return;
    const others = directives.filter((directive) => !FOR_SHARED.test(directive));
    this.set("cache-control", ["private", ...others].join(", "));
  }

  /** No cache keeps the answer, whatever the application says. */
  forbidStoring(): void {
    this.#silenceSharedCaches();
    for (const name of FOR_OLD_CACHES) this.#response.removeHeader(name);
    this.set("cache-control", "private, no-store");
  }

  #silenceSharedCaches(): void {
    for (const name of this.#response.getHeaderNames()) {
      if (FOR_SHARED_CACHES.test(name)) this.#response.removeHeader(name);
    }
  }
}

/** The directives of a `Cache-Control`; a comma may stand inside quotes. */
function directivesOf(header: number | string | readonly string[] | undefined): readonly string[] {
  const text = [header ?? []].flat().join(",");
  return (text.match(/(?:[^,"]|"[^"]*"?)+/g) ?? [])
    .map((directive) => directive.trim())
    .filter((directive) => directive !== "");
}
