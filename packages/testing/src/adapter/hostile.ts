import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import { contextOf } from "./identity.ts";

/** The status line that a server answers raw bytes with; empty when it hangs up. */
function statusOf(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes, "latin1"));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n")) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text.split("\r\n", 1)[0] ?? ""));
  });
}

const TARGETS = [
  "/all?%",
  "/all?%E0%A4%A",
  "/all?a[__proto__][x]=1&constructor=2&a=1&a=2",
  `/all?${"a&".repeat(2000)}`,
  "/all?=&&=;",
  "//all",
  "/ep//",
  "/ep//evil.example/x",
  "/ep/../../etc/passwd",
  "/ep/%",
  "/ep/%E0%A4%A",
  "/ep?%",
  "/ep/x#y",
  "http://evil.example/ep/x",
  "http://evil.example",
  "/ep/\\..\\x",
];

const HEADERS = [
  "Cookie: halyard_anon",
  "Cookie: ;;;=;=x; halyard_anon==; halyard_anon=",
  `Cookie: halyard_anon=${"anon_".repeat(1000)}`,
  "Cookie: __proto__=x; halyard_anon=anon_\x80\xff",
  "X-Forwarded-For: ,,,, not an address, ::::",
  "X-Forwarded-Proto: javascript",
  "X-Country: \x80\xff",
  "User-Agent: ",
];

const HOSTS = ["localhost", "[", "::::", "evil.example:notaport", "a b", "", "ünïcode", "[::1]:80"];

export function hostileTests(check: Check): void {
  check("no target, header or host brings a request down", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { anonymous: true, headers: { country: "x-country" } }),
      trustProxy: "all",
      errors: "framework",
      mounts: [
        {
          path: "/ep",
          endpoint: {
            name: "echo",
            handle: ({ path, query }) => ({
              status: 200,
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ path, query: [...query] }),
            }),
          },
        },
      ],
      routes: [
        {
          path: "/all",
          guards: [{ requirement: "everybody" }],
          handler: (call) => {
            call.flags.all();
            return contextOf(call);
          },
        },
      ],
    });
    const { url } = server.running;
    const requests = [
      ...TARGETS.map((target) => [target, "Host: localhost"] as const),
      ...HEADERS.map((header) => ["/all", `Host: localhost\r\n${header}`] as const),
      ...HOSTS.map((host) => ["/all", `Host: ${host}`] as const),
    ];
    for (const [target, headers] of requests) {
      const bytes = `GET ${target} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`;
      const status = await statusOf(url, bytes);
      assert.match(status, /^HTTP\/1\.1 (200|30\d|4\d\d) /, `${target} ${headers}: ${status}`);
    }
    assert.equal((await server.send("/all")).status, 200);
    assert.deepEqual(
      bench.logs.filter((line) => line.startsWith("error")),
      [],
    );
  });
}
