import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface Delivery {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As it was before compression. */
  readonly body: string;
}

/** What a collector answers; nothing, ever, for `hang`. */
export type CollectorAnswer =
  | "hang"
  | "reset"
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: Buffer };

/** A server that takes events, over a real socket. */
export class TestCollector {
  readonly deliveries: Delivery[] = [];
  /** What it answers next; 204 by default. */
  answer: CollectorAnswer | ((attempt: number) => CollectorAnswer) = { status: 204 };
  readonly #server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method, url, headers } = request;
      this.deliveries.push({ method, path: url, headers, body });
      const { answer } = this;
      const said = typeof answer === "function" ? answer(this.deliveries.length) : answer;
      if (said === "hang") return;
      if (said === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(said.status, said.headers).end(said.body);
    });
  });

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Connections that are open now. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  return String(request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes);
}
