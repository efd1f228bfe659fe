import type { Received, Sent, Server } from "./bench.ts";
import type { Headers } from "./harness.ts";

interface Stored {
  readonly answer: Received;
  /** What the request said in the headers that `Vary` names. */
  readonly asked: ReadonlyMap<string, string | undefined>;
}

/**
 * A cache in front of a server that many share, by RFC 9111. As greedy as it may be: it keeps every
 * answer, of any status, that does not forbid it, and never asks again.
 */
export class SharedCache {
  readonly #server: Server;
  readonly #stored = new Map<string, Stored[]>();
  /** Requests that were answered from here. */
  hits = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  async send(path: string, sent: Sent = {}): Promise<Received> {
    const { headers = {} } = sent;
    const entries = this.#stored.get(path) ?? [];
    const found = entries.find(({ asked }) =>
      [...asked].every(([name, value]) => headers[name] === value),
    );
    if (found !== undefined) {
      this.hits++;
      return found.answer;
    }
    const answer = await this.#server.send(path, sent);
    const vary = listOf(answer.headers, "vary");
    const control = listOf(answer.headers, "cache-control");
    if (!vary.includes("*") && !control.includes("private") && !control.includes("no-store")) {
      entries.push({ answer, asked: new Map(vary.map((name) => [name, headers[name]])) });
      this.#stored.set(path, entries);
    }
    return answer;
  }
}

/** The parts of a header that is a list, in lower case. */
export function listOf(headers: Headers, name: string): readonly string[] {
  return [headers[name] ?? []]
    .flat()
    .join(",")
    .toLowerCase()
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
