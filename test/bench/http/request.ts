import { connect } from "node:net";

/** What every client of these benchmarks asks. */
export const REQUEST: Buffer = Buffer.from(
  "GET / HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: */*\r\n\r\n",
);

/** The length of one answer, and whether it is a good one. */
export function firstAnswer(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(REQUEST));
    let text = "";
    socket.setEncoding("latin1").on("error", reject);
    socket.on("data", (chunk: unknown) => {
      text += chunk;
      const body = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (body < 4 || text.length < body + length) return;
      socket.destroy();
      if (text.startsWith("HTTP/1.1 200 ") && length > 0) resolve(body + length);
      else reject(new Error(`the server answers ${text}`));
    });
  });
}
