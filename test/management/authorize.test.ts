import { createFlags, type ManagementQuestion, managementApi } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { authorize, bench } from "./bench.ts";
import { frameworks } from "./frameworks.ts";

// Who may do what; and that nobody may before somebody has said so.

it("is off until it knows whom to ask", async () => {
  const f = createFlags({ sources: [] });
  for (const options of [undefined, {}, { authorize: true }, { authorise: authorize }]) {
    expect(() => managementApi(f, options as never)).toThrow(/needs `authorize`/);
  }
  expect(() => managementApi({} as never, { authorize })).toThrow(/takes an instance/);
  const wrong = { authorize, origins: ["acme.example"] };
  expect(() => managementApi(f, wrong)).toThrow(/origins/);
  expect(() => managementApi(f, { authorize, maxBody: 0 })).toThrow(/maxBody/);
  for (const [name, values] of Object.entries({
    maxClients: [0, 1.5, Number.POSITIVE_INFINITY],
    heartbeat: [0, -1, 2 ** 31],
    lifetime: [0, Number.NaN, 2 ** 31],
    maxBuffer: [0, 1e9],
    buffer: [1],
  })) {
    for (const value of values) {
      const streams = { [name]: value };
      expect(() => managementApi(f, { authorize, streams })).toThrow(`"streams.${name}"`);
    }
  }
  expect(() => managementApi(f, { authorize, cors: true } as never)).toThrow(/no option "cors"/);
  await f.close();
});

const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ["GET", "/flags"],
  ["GET", "/flags/beta"],
  ["GET", "/flags/nope"],
  ["GET", "/audit"],
  ["GET", "/openapi.json"],
  ["POST", "/evaluate", { context: {} }],
  ["POST", "/flags", { key: "next", definition: { enabled: true } }],
  ["PUT", "/flags/beta", { enabled: false }],
  ["PATCH", "/flags/beta", { enabled: false }],
  ["DELETE", "/flags/beta"],
  ["POST", "/flags/beta/disable"],
  ["POST", "/flags/beta/rollback", { version: 1 }],
  ["PUT", "/segments/staff", { attribute: "a", op: "exists" }],
  ["PUT", "/overrides/beta/user:a", { value: false }],
  ["PUT", "/groups/staff/members/a"],
  [
    "POST",
    "/changes",
    { changes: [{ what: "group", op: "add", group: "staff", user: "mallory" }] },
  ],
  ["GET", "/override-tokens"],
  ["POST", "/override-tokens", { flags: { beta: true } }],
  ["POST", "/override-tokens/some-token/revoke"],
  ["POST", "/flags/beta/kill", {}],
  ["POST", "/flags/beta/restore"],
];

const headers = { "if-match": "*", "x-reason": "attack" };

describe.each(frameworks)("$name", (framework) => {
  it("nobody is 401, everywhere, and a dry run is no way around", async () => {
    const { client, api, f, logs } = await bench({ framework });
    await client.put("/flags/beta", { enabled: true });
    const { items } = await f.audit.list();
    let refused = 0;
    for (const [method, path, body] of requests) {
      const isTried = method !== "GET" && path !== "/evaluate" && !path.startsWith("/override-t");
      for (const query of isTried ? ["", "?dryRun=true"] : [""]) {
        const answer = await client.send(method, path + query, { body, headers, as: null });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        refused++;
      }
    }
    expect((await f.audit.list()).items).toEqual(items);
    expect(api.refused.UNAUTHENTICATED).toBe(refused);
    expect(logs.filter((line) => line.includes("UNAUTHENTICATED"))).toHaveLength(refused);
  });
});

it("a viewer only looks, an editor neither pulls the brake nor makes tokens; both are counted and logged", async () => {
  const { client, api, f, logs } = await bench();
  await client.put("/flags/beta", { enabled: true });
  const { items } = await f.audit.list();
  for (const [method, path, body] of requests) {
    const sent = { body, headers, as: "viewer" };
    const { status } = await client.send(method, path, sent);
    const looks = method === "GET" || path === "/evaluate";
    expect([method, path, status]).toEqual([
      method,
      path,
      looks ? (path.endsWith("nope") ? 404 : 200) : 403,
    ]);
  }
  const barred: readonly (readonly [path: string, body?: object])[] = [
    ["/flags/beta/kill"],
    ["/flags/beta/restore"],
    ["/flags/beta/kill?dryRun=true"],
    ["/override-tokens", { flags: { beta: true } }],
    ["/override-tokens/some-token/revoke"],
  ];
  for (const [path, body = {}] of barred) {
    const answer = await client.post(path, body, { headers, as: "editor" });
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
  }
  expect((await f.audit.list()).items).toEqual(items);
  expect(api.refused.FORBIDDEN).toBe(14 + 5);
  expect(logs.filter((line) => line.startsWith("warn: Management refused"))).toHaveLength(19);
  expect((await client.post("/flags/beta/disable", undefined, { as: "editor" })).status).toBe(200);
});

it("who may change one flag may not change another, by whatever name or road", async () => {
  const source = { flags: { fresh: true }, aliases: { owned2: "fresh" } };
  const { client, f } = await bench({ flags: { sources: [source] } });
  const as = "owner";
  const flag = (key: string) => ({ key, definition: { enabled: true } });
  expect((await client.post("/flags", flag("owned"), { as })).status).toBe(201);
  expect((await client.post("/flags", flag("other"), { as })).status).toBe(403);
  const put = (key: string) => ({ what: "flag", op: "put", ...flag(key), ifVersion: "*" });
  const batch = (...changes: unknown[]) => client.post("/changes", { changes }, { as });
  expect((await batch(put("owned"))).status).toBe(200);
  expect((await batch(put("owned"), put("other"))).status).toBe(403);
  expect((await batch({ what: "group", op: "add", group: "g", user: "u" })).status).toBe(403);
  expect((await client.get("/flags", { as })).status).toBe(403);
  expect((await client.get("/overrides?flag=owned", { as })).status).toBe(200);
  expect((await client.get("/overrides?flag=fresh", { as })).status).toBe(403);
  const issue = (flags: object) => client.post("/override-tokens", { flags }, { as });
  expect((await issue({ owned: true })).status).toBe(201);
  for (const key of ["other", "owned2", " fresh", "__proto__"]) {
    expect([key, (await issue({ owned: true, [key]: true })).status]).toEqual([key, 403]);
  }
  // Overrides and emergencies heed aliases and white space, so the question has to.
  for (const key of ["owned2", "%20fresh", "fresh%20"]) {
    const reason = { "x-reason": "x" };
    const killed = await client.post(`/flags/${key}/kill`, {}, { headers: reason, as });
    expect([key, killed.status]).toEqual([key, 403]);
    const set = await client.put(`/overrides/${key}/system`, { value: false }, { as });
    expect([key, set.status]).toEqual([key, 403]);
  }
  expect(f.client().enabled("fresh")).toBe(true);
});

it("is asked with the action and what it is done to", async () => {
  const asked: ManagementQuestion[] = [];
  const { client } = await bench({
    management: {
      authorize: async (request, question) => {
        asked.push(question);
        return authorize(request, question);
      },
    },
  });
  asked.length = 0;
  await client.put("/flags/a%2Fb", { enabled: true });
  await client.put("/overrides/a%2Fb/user:ben;tenant=t1", { value: true });
  await client.post("/flags/a%2Fb/kill", {}, { headers: { "x-reason": "x" } });
  await client.get("/users/ben/groups");
  await client.get("/flags");
  expect(asked).toEqual([
    { action: "edit", resource: { kind: "flag", key: "a/b" } },
    {
      action: "edit",
      resource: { kind: "override", key: "a/b", scope: "user:ben;tenant=t1" },
    },
    { action: "kill", resource: { kind: "flag", key: "a/b" } },
    { action: "view", resource: { kind: "user", key: "ben" } },
    { action: "view", resource: { kind: "flag" } },
  ]);
});

it("what `authorize` throws, and an actor that is none, go the way of errors", async () => {
  for (const broken of [
    () => {
      throw new Error("session store is down");
    },
    () => Promise.reject(new Error("session store is down")),
    () => true,
    () => ({}),
    () => ({ id: "", type: "person" }),
  ]) {
    let isBroken = false;
    const { client, f } = await bench({
      management: { authorize: (r, q) => (isBroken ? (broken() as never) : authorize(r, q)) },
    });
    isBroken = true;
    const answer = await client.put("/flags/beta", { enabled: true }, { unchecked: true });
    expect([answer.status, answer.text]).toEqual([500, '{"failed":true}']);
    expect(f.definitions.get("beta")).toBeUndefined();
  }
});

it("every write is audited with who, why and in which request", async () => {
  const { client, f } = await bench();
  const named = { "x-request-id": "req-1.a:b/c", "x-reason": "50%25 more" };
  const made = await client.put("/flags/beta", { enabled: true }, { headers: named, as: "ann" });
  expect(made.headers["x-request-id"]).toBe("req-1.a:b/c");
  const unnamed = await client.send("PUT", "/groups/g/members/u", { as: "ben" });
  const { items } = await f.audit.list();
  expect(items.map(({ actor, reason, requestId }) => [actor.id, reason, requestId])).toEqual([
    ["ben", undefined, unnamed.headers["x-request-id"]],
    ["ann", "50% more", "req-1.a:b/c"],
  ]);
  expect(unnamed.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
});
