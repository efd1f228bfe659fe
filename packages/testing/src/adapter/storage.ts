import assert from "node:assert/strict";
import { request } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { currentFlags } from "@halyard/server";
import { type Check, deferred } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { Handler, RouteDescription } from "./harness.ts";

/** What code far from the request finds, across awaits of several kinds. */
async function deepDown(): Promise<unknown> {
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 1));
  return currentFlags()?.context.userId ?? null;
}

const readDeepDown: Handler = async ({ flags, body }) => {
  const found = await Promise.all([deepDown(), deepDown()]);
  return { json: { found, same: currentFlags() === flags, body: body ?? null } };
};

/** Sends the end of a body only when the server has begun to handle its request. */
function postInParts(url: string, body: object, arrived: Promise<void>): Promise<unknown> {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json", "x-user": "ann" };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        answer += chunk;
      });
      response.on("end", () => resolve(JSON.parse(answer)));
    });
    sent.on("error", reject);
    sent.write(text.slice(0, 100));
    arrived
      .then(() => turn())
      .then(() => sent.write(text.slice(100, 40_000)))
      .then(() => turn())
      .then(() => sent.end(text.slice(40_000)))
      .catch(reject);
  });
}

const ROUTES: readonly RouteDescription[] = [
  { path: "/deep", handler: readDeepDown },
  { path: "/deep", method: "post", handler: readDeepDown },
  { path: "/guarded", guards: [{ requirement: "on" }], handler: readDeepDown },
];

const authentication = {
  at: "before",
  user: (headers: Readonly<Record<string, unknown>>) => ({ id: headers["x-user"] }),
} as const;

export function storageTests(check: Check): void {
  for (const bodyParser of ["before", "after"] as const) {
    check(`currentFlags: in nested work, body parser ${bodyParser} the flags`, async (bench) => {
      const server = await bench.start({
        flags: bench.options(DEFINITIONS, { asyncLocalStorage: true }),
        authentication,
        bodyParser,
        routes: ROUTES,
      });
      const headers = { "x-user": "ann" };
      const expected = { found: ["ann", "ann"], same: true, body: null };
      const { body: _none, ...got } = await server.json("/deep", { headers });
      assert.deepEqual({ ...got, body: null }, expected);
      const body = { large: "x".repeat(50_000) };
      const sent = { method: "post", headers, body } as const;
      assert.deepEqual(await server.json("/deep", sent), { ...expected, body });
    });
  }

  check("currentFlags: behind a body that comes in parts", async (bench) => {
    const arrived = deferred();
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, { asyncLocalStorage: true }),
      authentication: {
        at: "before",
        user: (headers) => {
          arrived.resolve();
          return { id: headers["x-user"] };
        },
      },
      bodyParser: "after",
      routes: ROUTES,
    });
    const body = { large: "x".repeat(50_000) };
    const answer = await postInParts(`${server.running.url}/deep`, body, arrived.promise);
    assert.deepEqual(answer, { found: ["ann", "ann"], same: true, body });
  });

  check("currentFlags: behind guards and asynchronous contexts", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, {
        asyncLocalStorage: true,
        context: async () => {
          await turn();
          return { userId: "from context" };
        },
      }),
      routes: ROUTES,
    });
    const { found, same } = await server.json("/guarded");
    assert.deepEqual([found, same], [["from context", "from context"], true]);
  });

  check("currentFlags: nothing unless it is asked for, and outside of requests", async (bench) => {
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      authentication,
      routes: ROUTES,
    });
    const { found } = await server.json("/deep", { headers: { "x-user": "ann" } });
    assert.deepEqual(found, [null, null]);
    assert.equal(currentFlags(), undefined);
  });

  check("requests at the same time never see each other's callers", async (bench) => {
    const server = await bench.start({
      flags: bench.options(DEFINITIONS, {
        asyncLocalStorage: true,
        context: async () => {
          await turn();
          return {};
        },
      }),
      authentication,
      bodyParser: "after",
      routes: [
        {
          path: "/who",
          method: "post",
          guards: [{ requirement: "on" }],
          handler: async ({ flags }) => {
            const before = flags.context.userId;
            await turn();
            const found = await deepDown();
            return {
              json: { before, found, after: flags.context.userId, ann: flags.enabled("for-ann") },
            };
          },
        },
      ],
    });
    const users = Array.from({ length: 60 }, (_, index) => (index % 3 ? `user-${index}` : "ann"));
    const answers = await Promise.all(
      users.map((user) =>
        server.json("/who", { method: "post", headers: { "x-user": user }, body: { user } }),
      ),
    );
    for (const [index, answer] of answers.entries()) {
      const user = users[index];
      const expected = { before: user, found: user, after: user, ann: user === "ann" };
      assert.deepEqual(answer, expected);
    }
  });
}
