import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SUBJECTS, whyWrong } from "./soak/definitions.ts";
import { FlagFile } from "./soak/flag-file.ts";
import { type RawResponse, sendRaw } from "./support/raw.ts";
import { FRAMEWORKS, ServerProcess } from "./support/server-process.ts";

const UUID = "01234567-89ab-4cde-8f01-23456789abcd";
const PADDING = "x".repeat(16_384);

type Expected = (response: RawResponse) => void;

const status =
  (...allowed: readonly number[]): Expected =>
  (response) =>
    expect(allowed, `${response.headers}\n${response.body}`).toContain(response.status);

/** It is answered as if what is hostile in it were not there. */
const served: Expected = (response) => {
  status(200)(response);
  const { body } = response;
  if (body.includes("generation")) {
    expect(whyWrong(JSON.parse(body), SUBJECTS[1]!)).toBeUndefined();
  }
};

const sees =
  (part: object): Expected =>
  (response) => {
    served(response);
    expect(JSON.parse(response.body)).toMatchObject(part);
  };

/** Refused by Node's parser or the framework, or not found: any answer that is nobody's crash. */
const refused = status(200, 301, 302, 308, 400, 404, 405, 414, 431);

const repeat = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

/** [what, request target, more headers, expected] */
const REQUESTS: readonly (readonly [string, string, readonly string[], Expected])[] = [
  ["a header of 16 kB", "/state", [`X-Long: ${PADDING}`], served],
  [
    "a header of 16 kB that an endpoint reads",
    "/echo",
    [`X-Long: ${PADDING}`],
    sees({ long: 16_384 }),
  ],
  ["a header of 16 kB that is an attribute", "/state", [`X-Country: ${PADDING}`], served],
  ["a user agent of 16 kB", "/state", [`User-Agent: ${PADDING}`], served],
  ["thousands of headers", "/state", repeat(1900, (index) => `X-H${index}: ${index}`), served],
  ["a header twice", "/echo", ["X-Twice: a", "X-Twice: b"], sees({ twice: "a, b" })],
  ["a country a hundred times", "/state", repeat(100, (index) => `X-Country: ${index}`), served],
  [
    "headers named as properties",
    "/state",
    ["__proto__: x", "constructor: y", "toString: z"],
    served,
  ],
  [
    "forwarded headers without end",
    "/state",
    [`X-Forwarded-For: ${"1.2.3.4, ".repeat(1500)}`],
    served,
  ],
  ["an id of a visitor that is forged", "/state", ["Cookie: halyard_anon=user-1"], served],
  ["an id of a visitor of 16 kB", "/state", [`Cookie: halyard_anon=anon_${PADDING}`], served],
  [
    "many ids of visitors",
    "/state",
    [`Cookie: ${repeat(500, () => `halyard_anon=anon_${UUID}`).join("; ")}`],
    served,
  ],
  [
    "thousands of cookies",
    "/state",
    [`Cookie: ${repeat(5000, (index) => `c${index}=${index}`).join("; ")}`],
    served,
  ],
  [
    "cookies that are none",
    "/state",
    ['Cookie: ;=;;a;=b; "; %; halyard_anon="; =halyard_anon'],
    served,
  ],
  [
    "cookies named as properties",
    "/state",
    ["Cookie: __proto__=x; constructor=y; toString=z"],
    served,
  ],
  ["a broken escape in a query", "/echo/x?a=%&b=%E0%A4%A&c=%00", [], sees({ path: "/x" })],
  ["a broken escape in a path", "/echo/%", [], refused],
  ["half a character in a path", "/echo/%E0%A4%A", [], refused],
  ["an escaped null byte", "/echo/%00", [], refused],
  ["an escaped slash", "/echo/a%2Fb", [], sees({ path: "/a%2Fb" })],
  ["steps upwards", "/echo/../../etc/passwd", [], refused],
  ["escaped steps upwards", "/echo/%2e%2e/%2e%2e/etc/passwd", [], refused],
  ["two slashes", "//", [], refused],
  ["two slashes before an endpoint", "//echo", [], refused],
  ["two slashes behind an endpoint", "/echo//x", [], sees({ path: "//x" })],
  [
    "what looks like a host behind an endpoint",
    "/echo//evil.example/x",
    [],
    sees({ path: "//evil.example/x" }),
  ],
  ["backslashes", "/echo/\\\\evil.example", [], refused],
  ["a fragment", "/echo/x#y", [], refused],
  ["a whole URL", "http://evil.example/echo/x?a=1", [], refused],
  ["a whole URL without a path", "http://evil.example", [], refused],
  [
    "a whole URL with somebody's password",
    "http://user:pass@evil.example:99999/state",
    [],
    refused,
  ],
  ["a whole URL of no host", "http:///state", [], refused],
  ["another scheme", "file:///etc/passwd", [], refused],
  ["no scheme at all", ":///", [], refused],
  ["an asterisk", "*", [], refused],
  ["a target without a slash", "state", [], refused],
  ["a question mark", "?", [], refused],
  ["a null byte", "/echo/\0", [], refused],
  ["a null byte in a header", "/state", ["X-Country: a\0b"], refused],
  ["bytes that are no text", "/echo/\xff\xfe", [], refused],
  ["a target of 60 kB", `/echo/${"x".repeat(60_000)}`, [], refused],
  [
    "a query of thousands",
    `/echo?${repeat(5000, (index) => `a${index % 7}=${index}`).join("&")}`,
    [],
    served,
  ],
  [
    "a query named as properties",
    "/echo?__proto__[polluted]=1&constructor=2&__proto__=3",
    [],
    served,
  ],
  ["health with a body of nonsense", "/health", ["Content-Length: 0"], status(200)],
  ["an endpoint's unknown path", `/health/${PADDING}`, [], status(404)],
];

const METHODS = ["OPTIONS", "TRACE", "PROPFIND", "QUERY", "PURGE", "CONNECT", "NONSENSE", "get"];

describe.each(FRAMEWORKS)("%s, asked by hostile clients", (framework) => {
  let server: ServerProcess;
  let file: FlagFile;

  beforeAll(async () => {
    file = new FlagFile();
    server = await ServerProcess.start(framework, file.path);
  });
  afterAll(async () => {
    await server.end();
    file.remove();
  });

  const send = (method: string, target: string, headers: readonly string[], body = "") => {
    const { user, plan } = SUBJECTS[1]!;
    const lines = ["Host: localhost", `X-User: ${user}`, `X-Plan: ${plan}`, ...headers];
    const head = [`${method} ${target} HTTP/1.1`, ...lines, "Connection: close"].join("\r\n");
    return sendRaw(server.port, `${head}\r\n\r\n${body}`);
  };

  it.each(REQUESTS)("%s", async (_, target, headers, expected) => {
    expected(await send("GET", target, headers));
  });

  it.each(METHODS)("the method %s", async (method) => {
    for (const target of ["/state", "/echo/x", "/health"]) {
      status(0, 200, 204, 400, 404, 405, 501)(await send(method, target, []));
    }
  });

  it("bodies that are too large, cut off, or of a length that is none", async () => {
    const big = "x".repeat(20_000);
    const chunks = `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
    status(413)(await send("POST", "/echo", [`Content-Length: ${big.length}`], big));
    status(413)(await send("POST", "/echo", ["Transfer-Encoding: chunked"], chunks));
    status(400)(await send("POST", "/echo", ["Content-Length: x"], big));
    status(400)(await send("POST", "/echo", ["Content-Length: 1", "Content-Length: 2"], big));
    status(400)(await send("POST", "/echo", ["Transfer-Encoding: chunked"], "zz\r\n"));
  });

  it("visitors are who the server says they are", async () => {
    const anonymous = (cookie: string) =>
      sendRaw(
        server.port,
        `GET /state HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
      );
    // Named in the flag, but a cookie names nobody.
    for (const id of ["user-1", "anon_user-1", `anon_${UUID}`]) {
      const { status: code, body } = await anonymous(`halyard_anon=${id}`);
      expect([code, JSON.parse(body).named]).toEqual([200, false]);
    }
  });

  it("goes on as before, said nothing, and ends by itself", async () => {
    served(await send("GET", "/state", []));
    expect(server.errors).toBe("");
    const { left, code } = await server.close();
    expect(left.warnings).toEqual([]);
    expect(code).toBe(0);
  });
});
