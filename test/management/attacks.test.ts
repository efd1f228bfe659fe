import { afterEach, describe, expect, it } from "vitest";
import { bench } from "./bench.ts";
import type { Sent } from "./client.ts";
import { frameworks } from "./frameworks.ts";

// What an attacker, or a careless client, sends: clear answers, nothing changed, nothing leaked.

afterEach(() => {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const json = { "content-type": "application/json" };
const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe.each(
  frameworks.flatMap((framework) =>
    [false, true].map((bodyParser) => ({ framework, bodyParser, name: framework.name })),
  ),
)("$name, body parser: $bodyParser", ({ framework, bodyParser }) => {
  it("bodies that are too large or too deep are refused, and the next request is served", async () => {
    const { client, f } = await bench({ framework, bodyParser });
    const large = {
      key: "beta",
      definition: { enabled: true, description: "x".repeat(1_000_000) },
    };
    const refused = await client.post("/flags", large);
    expect([refused.status, refused.body.code]).toEqual([413, "BODY_TOO_LARGE"]);
    for (const levels of [101, 5000, 200_000]) {
      const nested = await client.post(
        "/flags",
        `{ "key": "beta", "definition": { "enabled": true, "x-deep": ${deep(levels)} } }`,
      );
      expect([levels, nested.status, nested.body.code]).toEqual([levels, 400, "MALFORMED_REQUEST"]);
    }
    // Less deep than the limit of a body, and deeper than what a definition may be.
    const definition = `{ "enabled": true, "type": "json", "default": ${deep(90)} }`;
    const inner = await client.post("/flags", `{ "key": "beta", "definition": ${definition} }`);
    expect(inner.status).toBe(422);
    expect(f.definitions.get("beta")).toBeUndefined();
    expect((await client.get("/flags")).status).toBe(200);
  });

  it("`__proto__` is a name like any other that is not known", async () => {
    const { client, f } = await bench({ framework, bodyParser });
    const evil = '{ "polluted": true }';
    const bodies = [
      ["POST", "/flags", `{ "key": "a", "definition": { "enabled": true, "__proto__": ${evil} } }`],
      ["POST", "/flags", `{ "key": "a", "definition": { "enabled": true }, "__proto__": ${evil} }`],
      ["POST", "/flags", `{ "key": "__proto__", "definition": { "enabled": true } }`],
      ["PUT", "/flags/a", `{ "enabled": true, "constructor": { "prototype": ${evil} } }`],
      ["PUT", "/flags/__proto__", `{ "enabled": true }`],
      ["PUT", "/segments/__proto__", `{ "attribute": "a", "op": "exists" }`],
      ["PUT", "/overrides/__proto__/user:a", `{ "value": true }`],
      [
        "POST",
        "/changes",
        `{ "changes": [{ "__proto__": ${evil}, "what": "flag", "op": "put" }] }`,
      ],
      ["POST", "/evaluate", `{ "context": {}, "__proto__": ${evil} }`],
    ] as const;
    for (const [method, path, body] of bodies) {
      const { status } = await client.send(method, path, { body });
      expect([path, body, [400, 422].includes(status)]).toEqual([path, body, true]);
    }
    await client.put("/flags/b", { enabled: true });
    const patch = `{ "metadata": { "__proto__": "own" }, "__proto__": ${evil} }`;
    const headers = { "if-match": "*" };
    expect((await client.patch("/flags/b", patch, { headers })).status).toBe(422);
    const context = `{ "userId": "a", "__proto__": ${evil} }`;
    const answer = await client.post("/evaluate", `{ "context": ${context} }`);
    expect(answer.status).toBe(200);
    const value = { enabled: true, type: "json", default: JSON.parse('{ "__proto__": 1 }') };
    const kept = await client.put("/flags/kept", value);
    expect(Object.hasOwn(kept.body.definition.default, "__proto__")).toBe(true);
    expect(f.definitions.get("a")).toBeUndefined();
  });

  it("pages of other sites change nothing, also for who is logged in", async () => {
    const { client, api, f } = await bench({ framework, bodyParser });
    const attacks: readonly Readonly<Record<string, string>>[] = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: "https://admin.evil.example", "sec-fetch-site": "same-origin" },
      { origin: "http://127.0.0.1:1", host: "127.0.0.1" },
    ];
    for (const headers of attacks) {
      for (const [method, path] of [
        ["POST", "/flags"],
        ["PUT", "/flags/beta"],
        ["PUT", "/groups/staff/members/mallory"],
        ["DELETE", "/groups/staff/members/mallory"],
        ["POST", "/flags/fixed/kill"],
      ] as const) {
        const body = { key: "beta", definition: { enabled: true } };
        const sent = method === "DELETE" ? { headers } : { headers, body };
        const answer = await client.send(method, path, sent);
        expect([headers, answer.status, answer.body.code]).toEqual([headers, 403, "CROSS_SITE"]);
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      }
    }
    expect(api.refused.CROSS_SITE).toBe(attacks.length * 5);
    const own = { host: "flags.acme.example", origin: "https://flags.acme.example" };
    expect((await client.put("/flags/beta", { enabled: true }, { headers: own })).status).toBe(201);
    expect((await f.audit.list()).items).toHaveLength(1);
  });

  it("forms, texts and images can't be taken for JSON", async () => {
    const { client, f } = await bench({ framework, bodyParser });
    const body = '{"key":"beta","definition":{"enabled":true}}';
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain; application/json",
      "application/jsonp",
      // What body parsers make of it is theirs.
      ...(bodyParser ? [] : ["application/json; charset=utf-16"]),
    ]) {
      for (const [method, path] of [
        ["POST", "/flags"],
        ["POST", "/flags/fixed/kill"],
        ["PUT", "/flags/beta"],
        ["PATCH", "/flags/beta"],
        ["PUT", "/groups/staff/members/a"],
      ] as const) {
        const sent = { body, headers: { "content-type": type, "x-reason": "x" } };
        // A body parser may refuse it before the API is asked.
        const answer = await client.send(method, path, { ...sent, unchecked: true });
        expect([type, method, answer.status]).toEqual([type, method, 415]);
      }
    }
    expect((await f.audit.list()).items).toEqual([]);
  });
});

describe.each(frameworks)("$name", (framework) => {
  it("keys reach what they name, and nothing beside it", async () => {
    const { client, f } = await bench({ framework });
    const longest = `k${"/x".repeat(127)}y`;
    for (const key of ["a/b", "a.b", "a-b_c", "flags/../audit", longest]) {
      const path = `/flags/${encodeURIComponent(key)}`;
      expect([key, (await client.put(path, { enabled: true })).status]).toEqual([key, 201]);
      expect((await client.get(path)).body.key).toBe(key);
      expect(f.definitions.get(key)?.key).toBe(key);
    }
    for (const path of [
      "/flags/..%2F..%2Faudit",
      "/flags/%2e%2e",
      "/flags/a%00b",
      "/flags/%F0%9F%92%A9",
      `/flags/${"x".repeat(257)}`,
      "/flags/a%252Fb",
    ]) {
      expect([path, (await client.get(path)).status]).toEqual([path, 404]);
      const put = await client.put(path, { enabled: true });
      expect([path, put.status, put.body.code]).toEqual([path, 422, "INVALID_KEY"]);
    }
    // Some frameworks answer these themselves.
    for (const path of ["/flags/../audit", "/flags/a/b", "/flags//", "/.//flags", "/"]) {
      expect([path, (await client.get(path, { unchecked: true })).status]).toEqual([path, 404]);
    }
    for (const path of ["/flags/%zz", "/flags/%ff", "/overrides/a/user:%ff"]) {
      expect([path, (await client.get(path, { unchecked: true })).status]).toEqual([path, 400]);
    }
  });

  it("methods that are not there are 405 with those that are; HEAD and OPTIONS are what they are", async () => {
    const { client } = await bench({ framework });
    const { headers } = await client.get("/flags/fixed");
    for (const [method, path, allow] of [
      ["DELETE", "/flags", "POST, GET, HEAD, OPTIONS"],
      ["POST", "/flags/fixed", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"],
      ["PUT", "/flags/fixed/kill", "POST, OPTIONS"],
      ["PATCH", "/audit", "GET, HEAD, OPTIONS"],
    ] as const) {
      const answer = await client.send(method, path);
      expect([answer.status, answer.body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
      expect(new Set(answer.headers.allow?.split(", "))).toEqual(new Set(allow.split(", ")));
    }
    const head = await client.send("HEAD", "/flags/fixed");
    expect([head.status, head.text, head.headers.etag]).toEqual([200, "", headers.etag]);
    expect(head.headers["content-length"]).toBe(headers["content-length"]);
    expect((await client.send("HEAD", "/flags/fixed", { as: null })).status).toBe(401);
    const options = await client.send("OPTIONS", "/flags/fixed", { as: null });
    expect([options.status, options.headers.allow]).toEqual([
      204,
      "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    ]);
    expect(options.headers["access-control-allow-origin"]).toBeUndefined();
    expect((await client.send("OPTIONS", "/nope", { as: null })).status).toBe(404);
  });

  it("a request's id is one that can stand in a log and a header, or another one", async () => {
    const { client, f, logs } = await bench({ framework });
    const forged = [
      "",
      "a b",
      'a"b',
      "a\tb",
      "<script>",
      "é",
      "-rf",
      "x".repeat(129),
      "a,b",
      "{a}",
    ];
    for (const id of forged) {
      const answer = await client.send("PUT", "/groups/g/members/u", {
        headers: { "x-request-id": id },
      });
      expect([id, answer.headers["x-request-id"]?.length]).toEqual([id, 36]);
      await client.delete("/groups/g/members/u", { headers: { "x-request-id": id } });
    }
    for (const { requestId } of (await f.audit.list({ limit: 50 })).items) {
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    }
    const path = "/flags/a%0Awarn:%20forged%1B[31m/kill";
    await client.post(path, {}, { as: "viewer", unchecked: true });
    for (const line of logs) expect(JSON.stringify(line)).not.toMatch(/\\(n|u001b)/i);
  });
});

it("malformed JSON, wrong types and unknown fields are 400, with paths", async () => {
  const { client, f } = await bench();
  for (const body of ["{", "nope", '{"a":1}}', "{'key':1}", "\u0000", '{"key": NaN}']) {
    const answer = await client.post("/flags", body);
    expect([body, answer.status, answer.body.code]).toEqual([body, 400, "MALFORMED_REQUEST"]);
  }
  const wrong: readonly (readonly [path: string, body: unknown, problem: string])[] = [
    ["/flags", [], ""],
    ["/flags", null, ""],
    ["/flags", "text", ""],
    ["/flags", {}, ""],
    ["/flags", { key: 5, definition: { enabled: true } }, "/key"],
    ["/flags", { key: "x".repeat(513), definition: { enabled: true } }, "/key"],
    ["/flags", { key: "a", definition: true }, "/definition"],
    ["/flags", { key: "a", definition: {}, force: true }, "/force"],
    ["/flags/fixed/rollback", { version: "1" }, "/version"],
    ["/flags/fixed/rollback", { version: 0 }, "/version"],
    ["/flags/fixed/kill", { value: false, silent: 1 }, "/silent"],
    ["/flags/fixed/enable", { now: true }, "/now"],
    ["/evaluate", { context: [] }, "/context"],
    ["/evaluate", { context: {}, flags: Array(1001).fill("a") }, "/flags"],
    ["/evaluate", { context: {}, flags: [1] }, "/flags/0"],
    ["/changes", { changes: {} }, "/changes"],
    ["/changes", { changes: [1] }, "/changes/0"],
    ["/changes", { changes: [{ what: "flag", op: "kill", key: "a" }] }, "/changes/0"],
    ["/changes", { changes: [{ what: "group", op: "add", group: "a" }] }, "/changes/0"],
    [
      "/changes",
      { changes: [{ what: "flag", op: "delete", key: "a", ifVersion: "1" }] },
      "/changes/0/ifVersion",
    ],
    ["/validate", [], ""],
  ];
  for (const [path, body, problem] of wrong) {
    const answer = await client.post(path, JSON.stringify(body));
    expect([path, body, answer.status]).toEqual([path, body, 400]);
    expect([path, body, answer.body.problems?.[0]?.path]).toEqual([path, body, problem]);
  }
  const overrides: readonly (readonly [body: unknown, status: number])[] = [
    [{}, 400],
    [{ value: true, unset: true }, 400],
    [{ unset: false }, 400],
    [{ value: true, expiresAt: "tomorrow" }, 400],
    [{ value: true, expiresIn: -1 }, 400],
    [{ value: true, expiresAt: "2001-01-01T00:00:00Z" }, 422],
    [{ value: "not a boolean" }, 422],
    [{ value: null }, 422],
  ];
  for (const [body, status] of overrides) {
    const answer = await client.put("/overrides/fixed/user:a", body);
    expect([body, answer.status]).toEqual([body, status]);
  }
  for (const scope of [
    "emergency",
    "user",
    "user:",
    "planet:mars",
    "user:a;org=",
    "tenant:a;org=b",
  ]) {
    const answer = await client.put(`/overrides/fixed/${encodeURIComponent(scope)}`, {
      value: true,
    });
    expect([scope, answer.status, answer.body.code]).toEqual([scope, 422, "INVALID_SCOPE"]);
  }
  expect((await client.post("/flags/fixed/kill", {})).body.code).toBe("INVALID_OVERRIDE");
  expect((await client.send("POST", "/flags", { headers: json })).body.code).toBe("INVALID_BODY");
  expect((await f.audit.list()).items).toEqual([]);
});

it("queries take what they know, once", async () => {
  const { client } = await bench();
  for (const query of [
    "limit=0",
    "limit=201",
    "limit=1e2",
    "limit=",
    "limit=10&limit=20",
    "enabled=yes",
    "type=date",
    "tag=",
    "__proto__=1",
    "constructor=1",
    "dryRun=true",
    "owner[$ne]=x",
    `search=${"x".repeat(600)}`,
  ]) {
    const answer = await client.get(`/flags?${query}`);
    expect([query, answer.status, answer.body.code]).toEqual([query, 400, "INVALID_QUERY"]);
  }
  for (const path of [
    "/flags?cursor=junk",
    "/flags?cursor=%5B1%5D",
    "/segments?cursor=%00",
    "/audit?cursor=junk",
    "/overrides?cursor=%5B%22a%22%5D",
    "/groups/a/members?cursor=junk",
    "/audit?from=yesterday",
    "/audit?what=secrets",
    "/overrides?layer=local",
    "/openapi.json?x=1",
  ]) {
    expect([path, (await client.get(path)).status]).toEqual([path, 400]);
  }
  const put = await client.put("/flags/beta?dryRun=yes", { enabled: true });
  expect(put.status).toBe(400);
  const scope = await client.get("/overrides?scope=planet:mars");
  expect(scope.body.code).toBe("INVALID_SCOPE");
});

it("reasons are texts of a line, in any script", async () => {
  const { client, f } = await bench();
  const put = (reason: string, sent: Sent = {}) =>
    client.send("PUT", "/groups/g/members/u", { ...sent, headers: { "x-reason": reason } });
  for (const reason of ["100% sure", "%0d%0aSet-Cookie: a=b", "%00", "x".repeat(1001), "%ff"]) {
    expect([reason, (await put(reason)).status]).toEqual([reason, 400]);
  }
  const utf8 = Buffer.from("größer als 🙂").toString("latin1");
  await put(utf8);
  await client.delete("/groups/g/members/u", {
    headers: { "x-reason": encodeURIComponent("更多 %") },
  });
  const { items } = await f.audit.list();
  expect(items.map(({ reason }) => reason)).toEqual(["更多 %", "größer als 🙂"]);
});

it("pages of `origins` may, with their cookies; others may not even read", async () => {
  const origins = ["https://admin.acme.example"];
  const { client } = await bench({ management: { origins } });
  const headers = { origin: "https://admin.acme.example", "sec-fetch-site": "same-site" };
  const made = await client.put("/flags/beta", { enabled: true }, { headers });
  expect(made.status).toBe(201);
  expect(made.headers["access-control-allow-origin"]).toBe(origins[0]);
  expect(made.headers["access-control-allow-credentials"]).toBe("true");
  const preflight = await client.send("OPTIONS", "/flags/beta", { headers, as: null });
  expect(preflight.headers["access-control-allow-methods"]).toContain("PATCH");
  expect(preflight.headers["access-control-allow-headers"]).toContain("If-Match");
  const refused = await client.put("/flags/beta", {}, { headers, as: null });
  expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([
    401,
    origins[0],
  ]);
  const evil = { origin: "https://evil.example" };
  const read = await client.get("/flags", { headers: evil });
  expect([read.status, read.headers["access-control-allow-origin"], read.headers.vary]).toEqual([
    200,
    undefined,
    "Origin",
  ]);
  const asked = await client.send("OPTIONS", "/flags/beta", { headers: evil, as: null });
  expect(asked.headers["access-control-allow-methods"]).toBeUndefined();
});

it("answers can't be taken for pages, whatever the request said", async () => {
  const { client } = await bench();
  const path = `/flags/${encodeURIComponent("<script>alert(1)</script>")}`;
  const { headers } = await client.get(path, { headers: { accept: "text/html" } });
  expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

it("maxBody is what the application says", async () => {
  const { client } = await bench({ management: { maxBody: 100 } });
  const body = { enabled: true, description: "x".repeat(100) };
  expect((await client.put("/flags/beta", body)).status).toBe(413);
  expect((await client.put("/flags/beta", { enabled: true })).status).toBe(201);
});

it("before there are definitions, an empty list is not given for an answer", async () => {
  const waiting = { name: "slow", read: () => new Promise<never>(() => {}) };
  const { client } = await bench({
    store: null,
    flags: { sources: [waiting], startTimeout: 50 },
  });
  const answer = await client.get("/flags");
  expect([answer.status, answer.body?.code ?? answer.text]).toEqual([503, "NOT_READY"]);
  expect((await client.get("/health")).status).toBe(503);
});

it("tokens are made of nothing that a body should not have", async () => {
  const { client, f } = await bench();
  const bodies: readonly (readonly [body: unknown, status: number])[] = [
    [{}, 400],
    [{ flags: {} }, 400],
    [{ flags: [] }, 400],
    [{ flags: null }, 400],
    [{ flags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`f${n}`, true])) }, 400],
    ['{"flags":{"__proto__":true}}', 422],
    [{ flags: { "halyard/revoked-tokens/x": true } }, 422],
    [{ flags: { fixed: "on" } }, 422],
    [{ flags: { fixed: true }, subject: "" }, 400],
    [{ flags: { fixed: true }, subject: "\ud800" }, 422],
    [{ flags: { fixed: true }, expiresIn: 1e12 }, 422],
    [{ flags: { fixed: true }, expiresAt: "2001-01-01T00:00:00Z" }, 422],
    [{ flags: { fixed: true }, environment: "staging" }, 400],
    [{ flags: { fixed: true }, kid: "k1", alg: "none" }, 400],
    [{ flags: { fixed: true }, actor: { id: "root", type: "person" } }, 400],
  ];
  for (const [body, status] of bodies) {
    const answer = await client.post("/override-tokens", body);
    expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), status]);
  }
  expect((await client.post("/override-tokens/%2e%2e%2fx/revoke")).status).toBe(422);
  const overrides = "/overrides/halyard%2Frevoked-tokens%2Fx/system";
  expect((await client.put(overrides, { value: true })).status).toBe(422);
  expect((await client.delete(overrides, { headers: { "if-match": "*" } })).status).toBe(422);
  expect((await f.audit.list()).items).toEqual([]);
  const off = await bench({ flags: { overrideTokens: undefined } });
  const refused = await off.client.post("/override-tokens", { flags: { fixed: true } });
  expect([refused.status, refused.body.code]).toEqual([409, "TOKENS_NOT_CONFIGURED"]);
});
