import assert from "node:assert/strict";
import type { Endpoint, HttpRequest, HttpResponse } from "@halyard/server";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import { comparedHeaders } from "./guards.ts";
import type { AppDescription } from "./harness.ts";

/** Bytes that the endpoint takes. */
const LIMIT = 2000;

function json(status: number, body: unknown): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", vary: "accept" },
    body: JSON.stringify(body),
  };
}

/** Answers with what it sees. */
const echo: Endpoint = {
  name: "echo",
  handle: async (request: HttpRequest) => {
    const { method, path, query, header } = request;
    if (path === "/throws") {
      throw Object.assign(new Error("broken"), { code: "ENDPOINT_BROKEN", statusCode: 507 });
    }
    if (path === "/empty") return { status: 204, headers: { "x-kind": "empty" }, body: "" };
    if (path === "/same") return { status: 304, headers: { etag: '"1"' }, body: "" };
    if (method === "DELETE") {
      return { ...json(405, { no: true }), headers: { ...json(405, {}).headers, allow: "GET" } };
    }
    const body = await request.text(LIMIT);
    const seen = [...query].map(([name, value]) => `${name}=${value}`);
    return json(200, { method, path, query: seen, header: header("x-sent") ?? null, body });
  },
};

const PATHS: readonly (readonly [sent: string, path: string, query: readonly string[]])[] = [
  ["/ep", "/", []],
  ["/ep/", "/", []],
  ["/ep?a=1&a=2&b=%20x", "/", ["a=1", "a=2", "b= x"]],
  ["/ep/?a=1", "/", ["a=1"]],
  ["/ep/flags/new-checkout", "/flags/new-checkout", []],
  ["/ep/flags/a%2Fb?x=y=z", "/flags/a%2Fb", ["x=y=z"]],
  ["/ep/flags/", "/flags/", []],
  ["/ep/ep/ep", "/ep/ep", []],
];

const PARSERS: readonly AppDescription["bodyParser"][] = [undefined, "before", "after"];

export function mountTests(check: Check): void {
  check("mount: paths below the prefix, with and without a slash, and queries", async (bench) => {
    const flags = bench.flags(DEFINITIONS);
    for (const path of ["/ep", "/ep/"]) {
      const server = await bench.start({ flags, mounts: [{ path, endpoint: echo }] });
      for (const [sent, expected, query] of PATHS) {
        // A prefix that ends in a slash may mean that a path needs it.
        if (path === "/ep/" && !sent.startsWith("/ep/")) continue;
        const got = await server.json(sent, { headers: { "x-sent": "here" } });
        const { method, header, body } = got;
        assert.deepEqual({ path: got.path, query: got.query }, { path: expected, query }, sent);
        assert.deepEqual([method, header, body], ["GET", "here", ""]);
      }
    }
  });

  check("mount: other paths are not its own", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      mounts: [{ path: "/ep", endpoint: echo }],
      routes: [{ path: "/epilogue", handler: () => ({ json: { route: true } }) }],
    });
    assert.deepEqual(await server.json("/epilogue"), { route: true });
    for (const path of ["/", "/e", "/epi", "/other/ep"]) {
      assert.equal((await server.send(path)).status, 404, path);
    }
    const { status } = await server.send("/EP");
    assert.equal(status, bench.harness.differences.ignoresCase === undefined ? 404 : 200);
  });

  for (const bodyParser of PARSERS) {
    check(`mount: bodies, ${bodyParser ?? "no"} parser`, async (bench) => {
      const server = await bench.start({
        flags: bench.flags(DEFINITIONS),
        bodyParser,
        mounts: [{ path: "/ep", endpoint: echo }],
      });
      const document = { enabled: true, name: "Ünïcode", list: [1, null] };
      for (const method of ["post", "put"] as const) {
        const got = await server.json("/ep", { method, body: document });
        assert.deepEqual(JSON.parse(String(got.body)), document);
      }
      const plain = { "content-type": "text/plain" };
      const text = await server.json("/ep", { method: "post", headers: plain, body: "as it is" });
      assert.equal(text.body, "as it is");
      assert.equal((await server.json("/ep", { method: "post" })).body, "");
    });

    check(`mount: a body that is too large is 413, ${bodyParser ?? "no"} parser`, async (bench) => {
      const server = await bench.start({
        flags: bench.flags(DEFINITIONS),
        bodyParser,
        mounts: [{ path: "/ep", endpoint: echo }],
      });
      // Below a body parser's own limit in the first, and in several chunks in the second.
      const sizes = bodyParser === undefined ? [LIMIT * 2, LIMIT * 2000] : [LIMIT * 2];
      for (const size of sizes) {
        const body = { text: "x".repeat(size) };
        const got = await server.send("/ep", { method: "post", body });
        assert.equal(got.status, 413);
        const message = `The body must be at most ${LIMIT} bytes.`;
        assert.deepEqual(got.body, { error: { code: "BODY_TOO_LARGE", message } });
      }
      assert.equal((await server.json("/ep")).path, "/");
    });
  }

  check("mount: status and headers are the endpoint's, also for HEAD", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      mounts: [{ path: "/ep", endpoint: echo }],
    });
    const headers = { "content-type": "application/json; charset=utf-8", vary: "accept" };
    const get = await server.send("/ep/x");
    assert.deepEqual(comparedHeaders(get.headers), headers);
    const head = await server.send("/ep/x", { method: "head" });
    assert.deepEqual([head.status, comparedHeaders(head.headers)], [200, headers]);
    const text = JSON.stringify({ ...(get.body as object), method: "HEAD" });
    assert.equal(head.headers["content-length"], String(Buffer.byteLength(text)));

    const refused = await server.send("/ep", { method: "delete" });
    assert.deepEqual([refused.status, refused.headers.allow], [405, "GET"]);
    const empty = await server.send("/ep/empty");
    assert.deepEqual([empty.status, empty.body, empty.headers["x-kind"]], [204, "", "empty"]);
    assert.equal(empty.headers["content-length"], undefined);
    const same = await server.send("/ep/same");
    assert.deepEqual([same.status, same.headers.etag], [304, '"1"']);
    assert.equal((await server.json("/ep", { method: "options" })).method, "OPTIONS");
  });

  check("mount: what an endpoint throws goes the way of errors", async (bench) => {
    const flags = bench.flags(DEFINITIONS);
    const mounts = [{ path: "/ep", endpoint: echo }];
    const neutral = await bench.start({ flags, mounts });
    const { status, body } = await neutral.send("/ep/throws");
    assert.deepEqual([status, body], [507, { failed: "ENDPOINT_BROKEN" }]);
    const own = await bench.start({ flags, mounts, errors: "framework" });
    assert.equal((await own.send("/ep/throws")).status, 507);
  });
}
