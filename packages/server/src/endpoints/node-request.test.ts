import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { fromNodeRequest, pathAndQuery } from "./node-request.ts";

it.each([
  ["/", "/", ""],
  ["", "", ""],
  ["/a/b?c=d", "/a/b", "c=d"],
  ["/a?b?c", "/a", "b?c"],
  ["/a#b?c", "/a", ""],
  ["/a?b#c", "/a", "b"],
  ["//", "//", ""],
  ["//host/a", "//host/a", ""],
  ["/%2F/../%", "/%2F/../%", ""],
  ["http://host/a?b", "/a", "b"],
  ["HTTPS://user@host:1/a", "/a", ""],
  ["http://host", "", ""],
  ["http://host?b", "", "b"],
  ["/http://host/a", "/http://host/a", ""],
])("%s is path %s and query %s", (target, path, query) => {
  expect(pathAndQuery(target)).toEqual([path, query]);
});

it("a body that is too large is refused early, and leaves the connection as it is", async () => {
  const seen: { address: unknown; error: unknown }[] = [];
  const server = createServer((message, response) => {
    const { text } = fromNodeRequest(message, { url: "/", parsedBody: undefined });
    text(10).catch((error: unknown) => {
      seen.push({ address: message.socket?.remoteAddress, error });
      response.end("refused");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", method: "POST", agent }, (response) => {
        response.resume().on("end", () => resolve(sent.socket?.localPort));
        // The rest of the body, after the answer has begun.
        sent.end("x".repeat(100_000));
      });
      sent.on("error", reject);
      sent.write("more than ten bytes");
    });
  const ports = [await post(), await post()];
  expect(ports[1]).toBe(ports[0]);
  expect(seen).toMatchObject(
    Array(2).fill({ address: "127.0.0.1", error: { name: "BodyTooLarge" } }),
  );
  agent.destroy();
  server.close();
});
