import { request } from "node:http";
import type { AnswerCheck } from "./answers.ts";
import { PREFIX } from "./frameworks.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, each test says.
  readonly body: any;
}

export interface Sent {
  /** As JSON, unless it is a text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who asks; `null`: nobody. Default: the admin. */
  readonly as?: string | null;
  /** For paths that no client would send. */
  readonly unchecked?: boolean;
}

/** Sends requests as they are written: nothing is normalised on the way. */
export class Client {
  readonly port: number;
  check: AnswerCheck | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const { body, headers = {}, as = "admin", unchecked } = sent;
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const all: Record<string, string> = {
      ...(text !== undefined || method === "POST" ? { "content-type": type } : {}),
      ...(text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
      ...(as === null ? {} : { "x-user": as }),
      ...headers,
    };
    const answer = await new Promise<Answer>((resolve, reject) => {
      const options = { port: this.port, host: "127.0.0.1", method, path: PREFIX + path };
      const outgoing = request({ ...options, headers: all, agent: false }, (message) => {
        const chunks: Buffer[] = [];
        message.on("data", (chunk: Buffer) => chunks.push(chunk));
        message.on("error", reject);
        message.on("end", () => {
          const received = Buffer.concat(chunks).toString("utf8");
          const isJson = message.headers["content-type"]?.includes("json") === true;
          resolve({
            status: message.statusCode ?? 0,
            headers: message.headers as Record<string, string | undefined>,
            text: received,
            body: isJson && received !== "" ? JSON.parse(received) : undefined,
          });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(text);
    });
    if (unchecked !== true) this.check?.check(method, path, answer);
    return answer;
  }

  get(path: string, sent?: Sent): Promise<Answer> {
    return this.send("GET", path, sent);
  }
  post(path: string, body?: unknown, sent?: Sent): Promise<Answer> {
    return this.send("POST", path, { ...sent, body });
  }
  put(path: string, body: unknown, sent?: Sent): Promise<Answer> {
    return this.send("PUT", path, { ...sent, body });
  }
  patch(path: string, body: unknown, sent?: Sent): Promise<Answer> {
    return this.send("PATCH", path, { ...sent, body });
  }
  delete(path: string, sent?: Sent): Promise<Answer> {
    return this.send("DELETE", path, sent);
  }
}
