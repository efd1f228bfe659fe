import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Response {
  readonly status: number;
  readonly body: string;
}

/** A client's connection on which several requests are under way at a time, as text. */
export class Connection {
  readonly #socket: Socket;
  #text = "";
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#text += chunk;
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#wake());
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** Sends requests together, and gives their answers in order. */
  async exchange(requests: readonly string[]): Promise<Response[]> {
    this.#socket.write(requests.join(""));
    const responses: Response[] = [];
    while (responses.length < requests.length) {
      const response = this.#take();
      if (response !== undefined) responses.push(response);
      else if (this.#socket.destroyed) throw new Error("The server hung up.");
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    return responses;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): Response | undefined {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.#text.slice(0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`There is no length in ${head}`);
    const start = end + 4;
    if (this.#text.length < start + length) return undefined;
    const body = this.#text.slice(start, start + length);
    this.#text = this.#text.slice(start + length);
    return { status: Number(head.slice(9, 12)), body };
  }
}
