// Keeps a server busy over connections that stay open, each with one request at a time. Counts
// bytes instead of parsing answers, which are all of one length, so as not to be the slower side.
import { connect, type Socket } from "node:net";
import { firstAnswer, REQUEST } from "./request.ts";

export interface Order {
  readonly port: number;
  readonly connections: number;
  readonly milliseconds: number;
}

export interface Delivery {
  readonly requests: number;
  readonly milliseconds: number;
}

async function deliver({ port, connections, milliseconds }: Order): Promise<Delivery> {
  const length = await firstAnswer(port);
  const sockets: Socket[] = [];
  let requests = 0;
  const start = performance.now();
  for (let index = 0; index < connections; index++) {
    const socket = connect(port, "127.0.0.1", () => socket.write(REQUEST));
    let missing = length;
    socket.setNoDelay(true).on("data", (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      if (missing < 0) throw new Error("an answer of another length");
      requests++;
      missing = length;
      socket.write(REQUEST);
    });
    socket.on("error", () => undefined);
    sockets.push(socket);
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const delivery = { requests, milliseconds: performance.now() - start };
  for (const socket of sockets) socket.destroy();
  return delivery;
}

process.on("message", (order: Order) => {
  deliver(order).then(
    (delivery) => process.send?.(delivery),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.("ready");
