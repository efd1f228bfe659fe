import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, type Override } from "@halyard/server";
import { sqliteStore } from "@halyard/stores/sqlite";
import { describe, expect, it } from "vitest";
import { bench } from "./bench.ts";

// What a change is made for: versions, and what there is to change at all.

const staff = { attribute: "groups", op: "contains", values: ["staff"] };

it("changes of what exists need If-Match, and say which version there is", async () => {
  const { client } = await bench();
  const { headers } = await client.put("/flags/beta", { enabled: true });
  const changes = [
    () => client.put("/flags/beta", { enabled: false }),
    () => client.patch("/flags/beta", { enabled: false }),
    () => client.delete("/flags/beta"),
  ];
  for (const change of changes) {
    const refused = await change();
    expect([refused.status, refused.body.code]).toEqual([428, "PRECONDITION_REQUIRED"]);
    expect(refused.headers.etag).toBe(headers.etag);
  }
  const any = await client.patch("/flags/beta", { name: "b" }, { headers: { "if-match": "*" } });
  expect(any.status).toBe(200);
});

it("a stale version is 412 and changes nothing, whoever is late", async () => {
  const { client } = await bench();
  const { headers } = await client.put("/flags/beta", { enabled: true });
  const mine = { "if-match": String(headers.etag) };
  const both = await Promise.all([
    client.patch("/flags/beta", { percentage: 10 }, { headers: mine, as: "ann" }),
    client.patch("/flags/beta", { percentage: 90 }, { headers: mine, as: "ben" }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
  const winner = both.find(({ status }) => status === 200);
  const { body } = await client.get("/flags/beta");
  expect(body.written).toEqual(winner?.body.written);
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    for (const tag of [headers.etag, '"999"', '"nonsense"', `W/${winner?.headers.etag}`, "junk"]) {
      const body = method === "DELETE" ? undefined : { enabled: false };
      const sent = { headers: { "if-match": String(tag) }, body };
      const late = await client.send(method, "/flags/beta", sent);
      expect([late.status, method, tag]).toEqual([412, method, tag]);
    }
  }
  const again = await client.patch(
    "/flags/beta",
    { percentage: 50 },
    { headers: { "if-match": `"1", ${winner?.headers.etag}` } },
  );
  expect(again.status).toBe(200);
});

it("two processes over one store refuse what is late, also before they know of it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-two-"));
  const open = () => sqliteStore({ path: join(folder, "flags.db"), pollInterval: 60_000 });
  const one = await bench({ store: open() });
  const { headers } = await one.client.put("/flags/beta", { enabled: true });
  // It looks for changes once a minute.
  const other = await bench({ store: open() });
  const mine = { headers: { "if-match": String(headers.etag) } };
  const next = await one.client.patch("/flags/beta", { percentage: 10 }, mine);
  expect(next.status).toBe(200);
  expect((await other.client.patch("/flags/beta", { percentage: 90 }, mine)).status).toBe(412);
  expect((await other.client.put("/flags/beta", { enabled: false }, mine)).status).toBe(412);
  expect((await other.client.delete("/flags/beta", mine)).status).toBe(412);
  // Any version is not the one that was patched, either.
  const any = { headers: { "if-match": "*" } };
  const patched = await other.client.patch("/flags/beta", { name: "Beta" }, any);
  const { body } = await one.client.get("/flags/beta");
  expect([200, 412]).toContain(patched.status);
  expect(patched.status === 200 ? patched.body.written.percentage : 10).toBe(10);
  expect(body.written.percentage).toBe(10);
  // Who has read the newest version elsewhere can replace it here.
  const etag = String((await one.client.get("/flags/beta")).headers.etag);
  const put = await other.client.put(
    "/flags/beta",
    { enabled: false },
    { headers: { "if-match": etag } },
  );
  expect(put.status).toBe(200);
  rmSync(folder, { recursive: true, force: true });
});

it("PUT creates only where there is nothing, and a new flag says whether it is on", async () => {
  const { client } = await bench();
  const none = { "if-none-match": "*" };
  const silent = await client.put("/flags/beta", { percentage: 10 }, { headers: none });
  expect([silent.status, silent.body.problems]).toEqual([
    422,
    [{ path: "/flags/beta", message: "a new flag has to say `enabled`: true or false" }],
  ]);
  for (const body of [
    { key: "beta", definition: { percentage: 10 } },
    { key: "beta", definition: { enabled: "yes" } },
  ]) {
    expect((await client.post("/flags", body)).status).toBe(422);
  }
  const put = { what: "flag", op: "put", key: "beta", definition: { percentage: 10 } };
  expect((await client.post("/changes", { changes: [put] })).status).toBe(422);
  const made = await client.put("/flags/beta", { enabled: true }, { headers: none });
  expect(made.status).toBe(201);
  const again = await client.put("/flags/beta", { enabled: true }, { headers: none });
  expect([again.status, again.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
  const gone = await client.put(
    "/flags/nope",
    { enabled: true },
    { headers: { "if-match": '"1"' } },
  );
  expect(gone.status).toBe(412);
  const all = await Promise.all(
    Array.from({ length: 5 }, () => client.put("/flags/raced", { enabled: true })),
  );
  expect(all.map(({ status }) => status).toSorted()).toEqual([201, 428, 428, 428, 428]);
});

it("what is not there can't be changed, whatever the request says of it", async () => {
  const { client } = await bench();
  const headers = { "if-match": '"1"' };
  expect((await client.patch("/flags/nope", {}, { headers })).body.code).toBe("FLAG_NOT_FOUND");
  expect((await client.delete("/flags/nope", { headers })).status).toBe(404);
  expect((await client.delete("/segments/nope")).body.code).toBe("SEGMENT_NOT_FOUND");
  expect((await client.get("/flags/nope/history")).status).toBe(404);
  expect((await client.post("/flags/nope/enable")).status).toBe(404);
  expect((await client.post("/flags/nope/rollback", { version: 3 })).status).toBe(404);
  expect((await client.delete("/overrides/nope/user:a")).status).toBe(404);
  expect((await client.post("/flags/nope/restore")).body.changed).toBe(false);
});

describe("what can't be written here", () => {
  it("is 409 for flags and segments of other sources, also in a dry run", async () => {
    const { client } = await bench();
    const headers = { "if-match": "*" };
    for (const query of ["", "?dryRun=true"]) {
      const answers = [
        await client.put(`/flags/fixed${query}`, { enabled: true }),
        await client.patch(`/flags/fixed${query}`, { enabled: true }, { headers }),
        await client.delete(`/flags/fixed${query}`, { headers }),
        await client.post(`/flags/fixed/disable${query}`),
        await client.put(`/segments/known${query}`, staff),
        await client.delete(`/segments/known${query}`),
      ];
      expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual(
        Array(6).fill("409 READ_ONLY_SOURCE"),
      );
    }
    expect((await client.post("/flags", { key: "fixed", definition: {} })).body.code).toBe(
      "EXISTS",
    );
    const killed = await client.post("/flags/fixed/kill", {}, { headers: { "x-reason": "x" } });
    expect(killed.status).toBe(200);
  });

  it("is 409 without a store, but for emergencies", async () => {
    const { client, f } = await bench({ store: null });
    const answers = [
      await client.put("/flags/beta", { enabled: true }),
      await client.put("/overrides/fixed/user:a", { value: true }),
      await client.get("/audit"),
      await client.send("PUT", "/groups/a/members/b"),
    ];
    expect(answers.map(({ body }) => body.code)).toEqual(Array(4).fill("STORE_UNAVAILABLE"));
    const reason = { "x-reason": "broken" };
    expect((await client.post("/flags/fixed/kill", {}, { headers: reason })).status).toBe(200);
    expect(f.client().enabled("fixed")).toBe(false);
  });

  it("is 409 for another name of a flag", async () => {
    const source = { flags: { fresh: true }, aliases: { old: "fresh" } };
    const { client } = await bench({ flags: { sources: [source] } });
    const answer = await client.put("/flags/old", { enabled: true });
    expect([answer.status, answer.body.code]).toEqual([409, "ALIAS_READ_ONLY"]);
    expect((await client.get("/flags/old")).body.key).toBe("fresh");
  });
});

it("rolls back to what a store began with, and to what was deleted", async () => {
  const store = new MemoryStore({ flags: { first: { percentage: 10 } } });
  const { client } = await bench({ store });
  const { headers } = await client.patch(
    "/flags/first",
    { percentage: 20 },
    { headers: { "if-match": '"1"' } },
  );
  const back = await client.post("/flags/first/rollback", { version: 1 });
  expect(back.body.written).toMatchObject({ percentage: 10 });
  const late = await client.post(
    "/flags/first/rollback",
    { version: 1 },
    { headers: { "if-match": String(headers.etag) } },
  );
  expect(late.status).toBe(412);
  await client.delete("/flags/first", { headers: { "if-match": "*" } });
  const again = await client.post("/flags/first/rollback", { version: back.body.version });
  expect([again.status, again.body.written]).toEqual([200, back.body.written]);
  expect((await client.post("/flags/first/rollback", { version: 77 })).status).toBe(404);
});

it("a flag is enabled and disabled without another meaning", async () => {
  const { client, f } = await bench();
  await f.definitions.put("quiet", { description: "Serves false to everybody." });
  expect(f.client().enabled("quiet")).toBe(false);
  await client.post("/flags/quiet/disable");
  await client.post("/flags/quiet/enable");
  expect(f.client().enabled("quiet")).toBe(false);
});

it("a flag that is read can be sent back", async () => {
  const { client } = await bench();
  await client.put("/flags/size", { enabled: true, type: "integer", default: 5 });
  const { body, headers } = await client.get("/flags/size");
  const same = await client.put("/flags/size", body.definition, {
    headers: { "if-match": String(headers.etag) },
  });
  expect(same.body.definition).toEqual({
    ...body.definition,
    version: same.body.version,
    updatedAt: same.body.definition.updatedAt,
  });
});

it("a dry run of each change tells what would be, and leaves everything as it is", async () => {
  const { client, f } = await bench();
  await client.put("/flags/beta", { enabled: true, percentage: 10 });
  await client.put("/segments/staff", staff);
  await client.put("/overrides/beta/user:ben", { value: true });
  const before = await f.audit.list();
  const any = { headers: { "if-match": "*" } };
  const tried = [
    await client.post("/flags?dryRun=true", { key: "next", definition: { enabled: true } }),
    await client.put("/flags/beta?dryRun=true", { enabled: true }, any),
    await client.patch("/flags/beta?dryRun=true", { percentage: 20 }, any),
    await client.delete("/flags/beta?dryRun=true", any),
    await client.post("/flags/beta/disable?dryRun=true"),
    await client.post("/flags/beta/kill?dryRun=true", {}, { headers: { "x-reason": "x" } }),
    await client.post("/flags/beta/restore?dryRun=true"),
    await client.put("/segments/staff?dryRun=true", { not: staff }, any),
    await client.delete("/overrides/beta/user:ben?dryRun=true", any),
    await client.put("/overrides/beta/user:ben?dryRun=true", { value: false }, any),
    await client.send("PUT", "/groups/staff/members/cleo?dryRun=true"),
  ];
  expect(tried.map(({ status, body }) => [status, body.dryRun, body.changes.length])).toEqual(
    tried.map(() => [200, true, 1]),
  );
  expect(tried[2]?.body.changes[0]).toEqual({
    what: "flag",
    key: "beta",
    before: { enabled: true, percentage: 10 },
    after: { enabled: true, percentage: 20 },
    changed: true,
  });
  expect(tried[8]?.body.changes[0].before).toEqual({ state: "enabled", value: true });
  const bad = await client.patch("/flags/beta?dryRun=true", { percentage: 250 }, any);
  expect([bad.status, bad.body.problems]).toMatchObject([
    200,
    [{ path: "/flags/beta/percentage" }],
  ]);
  const stale = { headers: { "if-match": '"1"' } };
  expect((await client.put("/flags/beta?dryRun=true", { enabled: true }, stale)).status).toBe(412);
  expect((await client.delete("/overrides/beta/user:ben?dryRun=true", stale)).status).toBe(412);
  expect(await f.audit.list()).toEqual(before);
});

it("a batch says versions of all that exists, names each thing once, and is all or nothing", async () => {
  const { client, f } = await bench();
  await client.put("/flags/beta", { enabled: true });
  await client.put("/overrides/beta/user:ben", { value: true });
  const put = (key: string, more = {}) => ({
    what: "flag",
    op: "put",
    key,
    definition: { enabled: true },
    ...more,
  });
  const silent = await client.post("/changes", {
    changes: [
      put("new"),
      put("beta"),
      { what: "override", op: "delete", flag: "beta", scope: "user:ben" },
    ],
  });
  expect([silent.status, silent.body.problems.map(({ path }: { path: string }) => path)]).toEqual([
    428,
    ["/changes/1", "/changes/2"],
  ]);
  const twice = await client.post("/changes", { changes: [put("new"), put("new")] });
  expect([twice.status, twice.body.problems[0].path]).toEqual([400, "/changes/1"]);
  const many = Array.from({ length: 101 }, (_, index) => put(`f${index}`));
  expect((await client.post("/changes", { changes: many })).status).toBe(400);
  expect((await client.post("/changes", { changes: [] })).status).toBe(400);
  const broken = await client.post("/changes", {
    changes: [put("new"), put("worse", { definition: { enabled: true, rulez: [] } })],
  });
  expect([broken.status, broken.body.problems[0].path]).toEqual([422, "/flags/worse/rulez"]);
  const scope = await client.post("/changes", {
    changes: [{ what: "override", op: "put", flag: "beta", scope: "emergency", value: true }],
  });
  expect([scope.status, scope.body.problems[0].path]).toEqual([422, "/changes/0/scope"]);
  expect(f.definitions.get("new")).toBeUndefined();
  const any = put("beta", { ifVersion: "*" });
  expect((await client.post("/changes", { changes: [any, put("new")] })).status).toBe(200);
});

it("a store that is down is 503 with Retry-After, and says nothing of itself", async () => {
  class Down extends MemoryStore {
    down = false;
    #fail(): void {
      if (this.down) throw new Error("connect ECONNREFUSED postgres://admin:secret@db:5432");
    }
    override async write(...args: Parameters<MemoryStore["write"]>) {
      this.#fail();
      return super.write(...args);
    }
    override async readAudit(...args: Parameters<MemoryStore["readAudit"]>) {
      this.#fail();
      return super.readAudit(...args);
    }
    override async listOverrides(...args: Parameters<MemoryStore["listOverrides"]>) {
      this.#fail();
      return super.listOverrides(...args) as ReturnType<MemoryStore["listOverrides"]> &
        Promise<{ items: readonly Override[]; cursor: string | undefined }>;
    }
  }
  const store = new Down();
  const { client, logs } = await bench({ store });
  store.down = true;
  const answers = [
    await client.put("/flags/beta", { enabled: true }),
    await client.get("/audit"),
    await client.get("/overrides"),
    await client.post("/flags/fixed/kill", {}, { headers: { "x-reason": "x" } }),
  ];
  for (const answer of answers) {
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "5"]);
    expect(answer.text).not.toContain("secret");
  }
  expect(logs.join("\n")).toContain("ECONNREFUSED");
  expect((await client.get("/flags")).status).toBe(200);
});
