import { createServer, type ServerResponse } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo } from "node:net";
import supertest from "supertest";
import { expect, it } from "vitest";
import { type AnswerHead, beforeHead } from "./answer-head.ts";

type Handler = (response: ServerResponse) => void;

/** The headers of what a handler answers, with something written before its head leaves. */
async function headersOf(
  write: (head: AnswerHead) => void,
  handle: Handler,
): Promise<Record<string, string | undefined>> {
  const server = createServer((_request, response) => {
    beforeHead(response, write);
    handle(response);
  });
  return (await supertest(server).get("/")).headers;
}

const keepPrivate = (head: AnswerHead): void => head.keepPrivate();

it.each([
  [undefined, "private"],
  ["", "private"],
  ["public, max-age=60", "private, max-age=60"],
  ["max-age=60, s-maxage=600, PUBLIC", "private, max-age=60"],
  ["private", "private"],
  // Of a field only: the rest is for everybody.
  ['private="set-cookie, x", max-age=1', "private, max-age=1"],
  ['ext="a, public", immutable', 'private, ext="a, public", immutable'],
  ["no-store", "no-store"],
  ["No-Store, public", "No-Store, public"],
  ['ext="no-store', 'private, ext="no-store'],
])("an answer with Cache-Control %j is kept from shared caches as %j", async (given, expected) => {
  const headers = await headersOf(keepPrivate, (response) => {
    if (given !== undefined) response.setHeader("Cache-Control", given);
    response.end();
  });
  expect(headers["cache-control"]).toBe(expected);
});

it("leaves no header to shared caches that they believe more", async () => {
  const said = {
    "CDN-Cache-Control": "max-age=60",
    "Cloudflare-CDN-Cache-Control": "max-age=60",
    "Surrogate-Control": "max-age=60",
    "X-Accel-Expires": "60",
    "X-Other": "stays",
  };
  for (const write of [keepPrivate, (head: AnswerHead): void => head.forbidStoring()]) {
    const headers = await headersOf(write, (response) => response.writeHead(200, said).end());
    expect(Object.keys(headers).filter((name) => /control|accel|other/.test(name))).toEqual([
      "x-other",
      "cache-control",
    ]);
  }
});

it("forbids storing whatever the application says", async () => {
  const headers = await headersOf(
    (head) => head.forbidStoring(),
    (response) => response.writeHead(200, { "cache-control": "public, max-age=60" }).end(),
  );
  expect(headers["cache-control"]).toBe("private, no-store");
});

it.each<[string, Handler, string]>([
  ["nothing", (response) => response.end(), "cf-ipcountry, user-agent"],
  [
    "a list",
    (r) => r.setHeader("Vary", ["Origin", "Accept"]).end(),
    "Origin, Accept, cf-ipcountry, user-agent",
  ],
  [
    "one of them",
    (r) => r.writeHead(200, { vary: "CF-IPCountry" }).end(),
    "CF-IPCountry, user-agent",
  ],
  [
    "raw headers",
    (r) => r.writeHead(200, ["vary", "Origin"]).end(),
    "Origin, cf-ipcountry, user-agent",
  ],
  ["everything", (r) => r.setHeader("vary", "*").end(), "*"],
])("joins Vary with %s", async (_name, handle, expected) => {
  const write = (head: AnswerHead): void => head.vary(["cf-ipcountry", "user-agent"]);
  expect((await headersOf(write, handle)).vary).toBe(expected);
});

it("lets several write, in any order, and says when it is too late", async () => {
  const late: boolean[] = [];
  const headers = await headersOf(keepPrivate, (response) => {
    beforeHead(response, (head) => head.vary(["cookie"]));
    beforeHead(response, (head) => head.forbidStoring());
    response.flushHeaders();
    late.push(beforeHead(response, keepPrivate));
    response.end("body");
  });
  expect(headers).toMatchObject({ vary: "cookie", "cache-control": "private, no-store" });
  expect(late).toEqual([false]);
});

it("writes to answers without a body over HTTP/2", async () => {
  const server = createServer2((_request, response) => {
    beforeHead(response as unknown as ServerResponse, (head) => head.vary(["cookie"]));
    response.statusCode = 204;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { headers } = await supertest(`http://127.0.0.1:${port}`, { http2: true }).get("/");
  server.close();
  expect(headers.vary).toBe("cookie");
});
