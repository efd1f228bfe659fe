import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Endpoint } from "@halyard/server";
import { type Bench, type Check, deferred, type Server, until } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";

const HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

/** An endpoint whose streams the test writes. */
class Streaming {
  readonly bodies: Readable[] = [];
  /** What has to happen before it answers. */
  before: Promise<void> = Promise.resolve();
  asked = 0;

  readonly endpoint: Endpoint = {
    name: "streaming",
    handle: async ({ path }) => {
      this.asked++;
      await this.before;
      if (path === "/text") return { status: 200, headers: { vary: "Cookie" }, body: "text" };
      const body = new Readable({ read: () => {} });
      this.bodies.push(body);
      body.push("first\n");
      const status = path === "/gone" ? 304 : path === "/teapot" ? 418 : 200;
      return { status, headers: HEADERS, body };
    },
  };

  async start(bench: Bench): Promise<Server> {
    const mounts = [{ path: "/ep", endpoint: this.endpoint }];
    return bench.start({ flags: bench.flags(DEFINITIONS), mounts });
  }

  get last(): Readable {
    const body = this.bodies.at(-1);
    assert.ok(body);
    return body;
  }
}

/** Opens a stream, and gives it with its first chunk. */
async function open(server: Server, path = "/ep/stream") {
  const sent = get(server.running.url + path, { agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve);
    sent.on("error", reject);
  });
  const received = { text: "", complete: false, ended: false };
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    received.text += text;
  });
  response.on("error", () => {});
  response.on("close", () => {
    received.ended = true;
    received.complete = response.complete;
  });
  await until("the first chunk is there", () => received.text !== "");
  return { response, received };
}

export function streamTests(check: Check): void {
  check("mount: a stream is sent as it comes, and to its end", async (bench) => {
    const streaming = new Streaming();
    const server = await streaming.start(bench);
    const { response, received } = await open(server, "/ep/teapot");
    assert.equal(response.statusCode, 418);
    const { headers } = response;
    assert.equal(headers["content-type"], HEADERS["content-type"]);
    assert.equal(headers["cache-control"], HEADERS["cache-control"]);
    assert.equal(headers["content-length"], undefined);
    assert.equal(received.text, "first\n");
    streaming.last.push("second\n");
    await until("the second chunk is there", () => received.text === "first\nsecond\n");
    streaming.last.push(null);
    await until("it is over", () => received.ended);
    assert.equal(received.complete, true);
    await until("the stream is closed", () => streaming.last.destroyed);
  });

  check("mount: who goes away ends the stream, and nothing else", async (bench) => {
    const streaming = new Streaming();
    const server = await streaming.start(bench);
    const stays = await open(server);
    const [kept] = streaming.bodies;
    const goes = await open(server);
    goes.response.destroy();
    await until("the stream is closed", () => streaming.last.destroyed);
    kept?.push("still here\n");
    await until("the other goes on", () => stays.received.text.endsWith("still here\n"));
    assert.deepEqual(bench.logs, []);
  });

  check("mount: who goes away before there is an answer leaves no stream", async (bench) => {
    const streaming = new Streaming();
    const server = await streaming.start(bench);
    const ready = deferred();
    streaming.before = ready.promise;
    const gone = deferred();
    server.running.server.once("connection", (socket) => socket.once("close", gone.resolve));
    const sent = get(`${server.running.url}/ep/stream`, { agent: false });
    sent.on("error", () => {});
    await until("it is asked", () => streaming.asked === 1);
    sent.destroy();
    await gone.promise;
    ready.resolve();
    await until("there is a stream", () => streaming.bodies.length === 1);
    await until("the stream is closed", () => streaming.last.destroyed);
  });

  for (const [name, error] of [
    ["is destroyed", undefined],
    ["fails", new Error("broken")],
  ] as const) {
    check(`mount: a stream that ${name} ends its connection`, async (bench) => {
      const streaming = new Streaming();
      const server = await streaming.start(bench);
      const { received } = await open(server);
      streaming.last.destroy(error);
      await until("it is over", () => received.ended);
      // A client can tell that from an end.
      assert.equal(received.complete, false);
      assert.equal((await server.send("/ep/text")).body, "text");
    });
  }

  check("mount: HEAD and answers without a body let go of a stream", async (bench) => {
    const streaming = new Streaming();
    const server = await streaming.start(bench);
    const head = await server.send("/ep/stream", { method: "head" });
    assert.equal(head.status, 200);
    assert.equal(head.headers["content-type"], HEADERS["content-type"]);
    assert.equal(head.headers["content-length"], undefined);
    assert.equal(streaming.last.destroyed, true);
    assert.equal((await server.send("/ep/gone")).status, 304);
    assert.equal(streaming.bodies.length, 2);
    assert.equal(streaming.last.destroyed, true);
  });

  check("mount: what the application varies by stays", async (bench) => {
    const mounts = [{ path: "/ep", endpoint: new Streaming().endpoint }];
    const header = ["vary", "Origin"] as const;
    const server = await bench.start({ flags: bench.flags(DEFINITIONS), mounts, header });
    assert.equal((await server.send("/ep/text")).headers.vary, "Origin, Cookie");
  });
}
