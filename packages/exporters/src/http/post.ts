import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** Of an answer, which nobody reads: more ends the connection. */
const MAX_ANSWER = 64 * 1024;

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Sends to one address, over one connection. Follows no redirect: what is signed is for that address. */
export class Poster {
  readonly #url: URL;
  readonly #timeout: number;
  readonly #agent: HttpAgent;

  constructor(url: URL, timeout: number) {
    this.#url = url;
    this.#timeout = timeout;
    const keep = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.protocol === "https:" ? new HttpsAgent(keep) : new HttpAgent(keep);
  }

  /** Rejects when there is no whole answer in time. */
  post(
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const send = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
      const request = send(this.#url, {
        method: "POST",
        headers: { ...headers, "content-length": body.length },
        agent: this.#agent,
        signal,
      });
      const end = (): void => {
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        request.destroy(new Error(`no answer within ${this.#timeout} ms`));
      }, this.#timeout).unref();
      request.on("error", (error) => {
        end();
        reject(error);
      });
      request.on("close", () => {
        end();
        // After an answer this changes nothing.
        reject(new Error("the connection ended before the answer"));
      });
      request.on("response", (response) => {
        const { statusCode = 0, headers: said } = response;
        let length = 0;
        const answered = (): void =>
          resolve({ status: statusCode, retryAfter: said["retry-after"] });
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length <= MAX_ANSWER) return;
          answered();
          request.destroy();
        });
        response.on("end", answered);
        response.on("error", reject);
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
