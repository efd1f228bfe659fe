import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP connection between a client and a server that can be cut, stalled and mended. */
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
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

export async function proxyTo(target: string): Promise<TestProxy> {
  const url = new URL(target);
  const sockets = new Set<Socket>();
  let state: "open" | "cut" | "stalled" | "deaf" = "open";
  const waiting: (() => void)[] = [];

  const pass = (from: Socket, to: Socket, isAnswer: boolean): void => {
    from.on("data", (chunk) => {
      if (state === "deaf" && isAnswer) return;
      if (state === "stalled") waiting.push(() => void to.write(chunk));
      else to.write(chunk);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    if (state === "cut") return void client.destroy();
    const upstream = connect(Number(url.port), url.hostname);
    for (const socket of [client, upstream]) sockets.add(socket.setNoDelay(true));
    pass(client, upstream, false);
    pass(upstream, client, true);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const destroyAll = (): void => {
    waiting.length = 0;
    for (const socket of sockets) socket.destroy();
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
    mend: () => {
      state = "open";
      for (const send of waiting.splice(0)) send();
    },
    close: async () => {
      destroyAll();
      server.close();
      await once(server, "close");
    },
  };
}
