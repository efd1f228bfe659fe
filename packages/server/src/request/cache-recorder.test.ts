import { createServer, type RequestListener, type ServerResponse } from "node:http";
import supertest from "supertest";
import { afterEach, expect, it, vi } from "vitest";
import { FlagsInstance } from "../flags-instance.ts";
import { RequestFlags } from "./request-flags.ts";
import type { RequestReader } from "./request-reader.ts";

interface Call {
  readonly answer: ServerResponse | undefined;
}

const reader: RequestReader<Call> = {
  ip: () => undefined,
  method: () => "GET",
  path: () => "/",
  place: () => ({ method: "GET", pattern: "/", mounted: false }),
  host: () => undefined,
  header: () => undefined,
  user: () => undefined,
  sessionId: () => undefined,
  secure: () => false,
  setCookie: () => true,
  url: () => "/",
  response: ({ answer }) => answer,
  trustsAnyProxy: () => false,
};

const sources = [
  {
    aliases: { old: "curl" },
    flags: {
      plain: true,
      half: { percentage: 50 },
      curl: {
        type: "boolean",
        rules: [{ id: "c", when: { attribute: "userAgent", op: "eq", values: ["curl"] } }],
      },
    },
  },
];

const instance = new FlagsInstance({ sources, vary: true });
const flags = new RequestFlags(instance, reader);
const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
afterEach(() => warn.mockClear());

const codes = (): unknown[] =>
  warn.mock.calls.map(([, options]) => (options as { code?: string }).code);

const headersOf = async (handle: RequestListener): Promise<Record<string, string>> =>
  (await supertest(createServer(handle)).get("/")).headers;

it("goes by the definitions that the request reads, also through an alias", async () => {
  const headers = await headersOf((_request, answer) => {
    const client = flags.client({ answer });
    client.explain("old" as never);
    client.enabled("no-such-flag" as never);
    answer.end(String(client.enabled("old" as never)));
  });
  expect([headers.vary, headers["cache-control"]]).toEqual(["user-agent", undefined]);
});

it("tells what is read between a handler's first read and the head of its answer", async () => {
  const headers = await headersOf((_request, answer) => {
    const client = flags.client({ answer });
    client.enabled("curl" as never);
    answer.setHeader("vary", "Origin");
    client.enabled("half" as never);
    answer.setHeader("cache-control", "max-age=60");
    answer.end();
  });
  expect([headers.vary, headers["cache-control"]]).toEqual([
    "Origin, user-agent",
    "private, max-age=60",
  ]);
});

it("warns once of reads that come too late, unless they make no difference", async () => {
  await headersOf((_request, answer) => {
    const client = flags.client({ answer });
    client.enabled("curl" as never);
    answer.write("begun");
    client.enabled("plain" as never);
    client.enabled("curl" as never);
    expect(codes()).toEqual([]);
    client.enabled("half" as never);
    client.all();
    answer.end();
  });
  expect(codes()).toEqual(["HALYARD_VARY_TOO_LATE"]);
});

it("reads where there is no answer to write to", async () => {
  const client = flags.client({ answer: undefined });
  expect(client.enabled("curl" as never)).toBe(false);
  await instance.close();
});
