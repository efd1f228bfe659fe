import { connect } from "node:net";

export interface RawResponse {
  /** 0 when the server hung up without an answer. */
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** Milliseconds after which a server that says nothing is taken for dead. */
const PATIENCE = 30_000;

/** Sends bytes as they are, and waits until the server hangs up: they ask it to. */
export function sendRaw(port: number, bytes: string): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.setEncoding("latin1");
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`No end of the answer: ${text}`)));
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // The server may hang up on what it has not read to its end.
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => {
      const [headers = "", ...body] = text.split("\r\n\r\n");
      resolve({ status: Number(headers.slice(9, 12)), headers, body: body.join("\r\n\r\n") });
    });
  });
}
