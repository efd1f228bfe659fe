import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP connection between a client and a server that can be cut, stalled, slowed and mended. */
export interface TestProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** Breaks all connections; new ones are refused until `mend`. */
  readonly cut: () => void;
  /** Breaks all connections; new ones are taken. */
  readonly drop: () => void;
  /** Lets nothing through in either direction, and tells nobody. */
  readonly stall: () => void;
  /** Lets answers of the server go astray, from now until `drop`, `cut` or `mend`. */
  readonly deafen: () => void;
  /** Lets answers of the server through so many milliseconds later, until `mend`. */
  readonly slow: (milliseconds: number) => void;
  /**
   * Lets nothing through any more on the connections there are, or on those of them whose client
   * has sent what matches, whatever comes later. New ones are as good as ever. Gives how many.
   */
  readonly freeze: (sent?: RegExp) => number;
  /** Freezes each connection right after its client has sent what matches, until `mend`. */
  readonly freezeAfter: (sent: RegExp) => void;
  /** How many pieces of data are held back now. */
  readonly held: () => number;
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

/** Characters that are remembered of what a client sent last. */
const REMEMBERED = 1000;

interface Connection {
  readonly sockets: readonly Socket[];
  sent: string;
  frozen: boolean;
  /** Pieces that came since it was frozen. */
  kept: number;
}

export async function proxyTo(target: string): Promise<TestProxy> {
  const url = new URL(target);
  const connections = new Set<Connection>();
  let state: "open" | "cut" | "stalled" | "deaf" = "open";
  let lag = 0;
  let last: RegExp | undefined;
  const waiting: (() => void)[] = [];
  const late = new Set<NodeJS.Timeout>();

  const pass = (connection: Connection, from: Socket, to: Socket, isAnswer: boolean): void => {
    // What is late keeps what comes after it waiting.
    const queue: Buffer[] = [];
    const send = (chunk: Buffer): void => {
      if (lag === 0 && queue.length === 0) return void to.write(chunk);
      queue.push(chunk);
      const timer = setTimeout(() => {
        late.delete(timer);
        to.write(queue.shift() as Buffer);
      }, lag);
      late.add(timer);
    };
    from.on("data", (chunk: Buffer) => {
      if (!isAnswer)
        connection.sent = (connection.sent + chunk.toString("latin1")).slice(-REMEMBERED);
      if (connection.frozen) connection.kept++;
      else if (state === "deaf" && isAnswer) return;
      else if (state === "stalled") waiting.push(() => void to.write(chunk));
      else if (isAnswer) send(chunk);
      else to.write(chunk);
      if (!isAnswer && last?.test(chunk.toString("latin1"))) connection.frozen = true;
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      connections.delete(connection);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    if (state === "cut") return void client.destroy();
    const upstream = connect(Number(url.port), url.hostname);
    const sockets = [client.setNoDelay(true), upstream.setNoDelay(true)];
    const connection = { sockets, sent: "", frozen: false, kept: 0 };
    connections.add(connection);
    pass(connection, client, upstream, false);
    pass(connection, upstream, client, true);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const destroyAll = (): void => {
    waiting.length = 0;
    for (const { sockets } of connections) for (const socket of sockets) socket.destroy();
  };

  const own = new URL(target);
  own.hostname = "127.0.0.1";
  own.port = String((server.address() as AddressInfo).port);
  return {
    url: own.href,
    cut: () => {
      state = "cut";
      destroyAll();
    },
    drop: () => {
      state = "open";
      destroyAll();
    },
    stall: () => {
      state = "stalled";
    },
    deafen: () => {
      state = "deaf";
    },
    slow: (milliseconds) => {
      lag = milliseconds;
    },
    freeze: (sent = /^/) => {
      const matching = [...connections].filter((connection) => sent.test(connection.sent));
      for (const connection of matching) connection.frozen = true;
      return matching.length;
    },
    freezeAfter: (sent) => {
      last = sent;
    },
    held: () => [...connections].reduce((sum, { kept }) => sum + kept, waiting.length + late.size),
    mend: () => {
      state = "open";
      lag = 0;
      last = undefined;
      for (const send of waiting.splice(0)) send();
    },
    close: async () => {
      destroyAll();
      server.close();
      await once(server, "close");
    },
  };
}
