import type { FlagsOptions, ManagementQuestion } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { type BenchOptions, bench } from "./bench.ts";

// Where changes are reviewed: what is refused, what passes, and who may do what.

const CLOCK = Date.UTC(2027, 0, 1, 12);
const BETA = { enabled: true, percentage: 50 };

function reviewed(review: FlagsOptions["review"] = {}, more: BenchOptions = {}) {
  return bench({ ...more, flags: { review, clock: () => CLOCK } });
}

type Reviewed = Awaited<ReturnType<typeof reviewed>>;

async function withBeta(review: FlagsOptions["review"] = {}): Promise<Reviewed> {
  const made = await reviewed(review);
  await made.f.definitions.put("beta", BETA);
  await made.f.segments.put("staff", { attribute: "a", op: "exists" });
  return made;
}

const changes: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ["POST", "/flags", { key: "next", definition: { enabled: true } }],
  ["PUT", "/flags/beta", { enabled: false }],
  ["PATCH", "/flags/beta", { enabled: false }],
  ["DELETE", "/flags/beta"],
  ["POST", "/flags/beta/enable"],
  ["POST", "/flags/beta/disable"],
  ["POST", "/flags/beta/rollback", { version: 1 }],
  ["POST", "/segments", { key: "s", definition: { attribute: "a", op: "exists" } }],
  ["PUT", "/segments/staff", { attribute: "b", op: "exists" }],
  ["PATCH", "/segments/staff", { op: "notExists" }],
  ["DELETE", "/segments/staff"],
  ["POST", "/segments/staff/rollback", { version: 1 }],
  ["PUT", "/overrides/beta/user:a", { value: false }],
  ["DELETE", "/overrides/beta/user:a"],
  ["PUT", "/groups/staff/members/a"],
  ["DELETE", "/groups/staff/members/a"],
  ["POST", "/changes", { changes: [{ what: "group", op: "add", group: "g", user: "u" }] }],
];

const headers = { "if-match": "*", "x-reason": "at once" };

describe("where a review is required", () => {
  it("every other change is refused, and none forgotten", async () => {
    const { client, f, check } = await withBeta();
    const { items } = await f.audit.list();
    for (const [method, path, body] of changes) {
      const answer = await client.send(method, path, { body, headers });
      const name = `${method} ${path}`;
      expect([name, answer.status, answer.body.code]).toEqual([name, 409, "REVIEW_REQUIRED"]);
      expect(answer.body.detail).toContain("/proposals");
    }
    expect((await f.audit.list()).items).toEqual(items);
    // Those that change something, as the document has them.
    const { body } = await client.get("/openapi.json");
    const edits = Object.values(body.paths as Record<string, Record<string, object>>)
      .flatMap((path) => Object.values(path))
      .filter((operation) => (operation as { "x-action": string })["x-action"] === "edit");
    expect(edits).toHaveLength(changes.length);
    expect(check.operations.length).toBeGreaterThan(edits.length);
  });

  it("who may not do it anyway is told that, and looking stays free", async () => {
    const { client } = await withBeta();
    for (const [method, path, body] of changes) {
      for (const [as, status] of [
        [null, 401],
        ["viewer", 403],
      ] as const) {
        expect((await client.send(method, path, { body, headers, as })).status).toBe(status);
      }
    }
    const tried = await client.put("/flags/beta?dryRun=true", { enabled: false }, { headers });
    expect(tried.body).toMatchObject({ dryRun: true });
    expect((await client.get("/flags/beta")).status).toBe(200);
  });

  it("an emergency passes, and the audit says that it did", async () => {
    const { client, f } = await withBeta();
    const killed = await client.post("/flags/beta/kill", {}, { headers });
    expect([killed.status, f.client().enabled("beta")]).toEqual([200, false]);
    expect((await client.post("/flags/beta/restore", {}, { headers })).body.changed).toBe(true);
    const { body } = await client.get("/audit?scope=emergency");
    expect(body.items).toMatchObject([
      { action: "removed", bypass: true },
      { action: "created", bypass: true, reason: "at once" },
    ]);
    const { items } = await f.audit.list({ what: "flag" });
    expect(items.map(({ bypass }) => bypass)).toEqual([undefined]);
  });

  it("the application itself is not held up", async () => {
    const { f } = await withBeta();
    expect((await f.definitions.patch("beta", { percentage: 60 })).definition).toBeDefined();
  });
});

describe("in a freeze", () => {
  const freezes = [{ from: "2027-01-01T00:00:00Z", to: "2027-01-01T12:00:30Z", name: "sale" }];

  it("changes are refused for so long, but for emergencies", async () => {
    const { client } = await withBeta({ required: false, freezes });
    for (const [method, path, body] of changes) {
      const answer = await client.send(method, path, { body, headers });
      expect([path, answer.status, answer.body.code]).toEqual([path, 409, "CHANGES_FROZEN"]);
      expect(answer.headers["retry-after"]).toBe("30");
      expect(answer.body.detail).toContain("(sale) until 2027-01-01T12:00:30.000Z");
    }
    await client.post("/flags/beta/kill", {}, { headers });
    const { body } = await client.get("/audit?scope=emergency");
    expect(body.items).toMatchObject([{ bypass: true }]);
  });

  it("proposals are made, and wait", async () => {
    const { client } = await withBeta({ freezes });
    const patch = { what: "flag", op: "patch", key: "beta", patch: { percentage: 75 } };
    const made = await client.post("/proposals", { changes: [patch] });
    expect(made.status).toBe(201);
    const path = `/proposals/${made.body.id}`;
    const refused = await client.post(`${path}/approve`, undefined, { headers, as: "editor" });
    expect([refused.status, refused.body.code]).toEqual([409, "CHANGES_FROZEN"]);
    expect(refused.headers["retry-after"]).toBe("30");
    const inside = { at: "2027-01-01T12:00:10Z" };
    expect((await client.post(`${path}/schedule`, inside, { headers })).body.code).toBe(
      "CHANGES_FROZEN",
    );
    const after = { at: "2027-01-01T12:00:30Z" };
    expect((await client.post(`${path}/schedule`, after, { headers })).status).toBe(200);
  });
});

it("without a freeze or a required review, emergencies bypass nothing", async () => {
  const { client } = await withBeta({ required: false });
  await client.post("/flags/beta/kill", {}, { headers });
  const { body } = await client.get("/audit?scope=emergency");
  expect(body.items[0]).not.toHaveProperty("bypass");
});

const patchOf = (key: string) => ({ what: "flag", op: "patch", key, patch: { percentage: 1 } });

describe("who may", () => {
  it("propose and approve is asked for everything that is to be changed", async () => {
    const asked: ManagementQuestion[] = [];
    const { client, f } = await reviewed(
      {},
      {
        management: {
          authorize: (request, question) => {
            asked.push(question);
            const { headers: sent } = request as { headers: Record<string, string> };
            return { id: sent["x-user"] as string, type: "person" };
          },
        },
      },
    );
    await f.definitions.put("a", BETA);
    const override = { what: "override", op: "put", flag: "b", scope: "org:o", value: true };
    const group = { what: "group", op: "add", group: "g", user: "u" };
    asked.length = 0;
    const sent = [patchOf("a"), override, group];
    const { body } = await client.post("/proposals", { changes: sent });
    const resources = [
      { kind: "flag", key: "a" },
      { kind: "override", key: "b", scope: "org:o" },
      { kind: "group", key: "g" },
    ];
    expect(asked).toEqual(resources.map((resource) => ({ action: "propose", resource })));
    for (const [step, action] of [
      ["schedule", "propose"],
      ["approve", "approve"],
      ["reject", "approve"],
      ["cancel", "propose"],
    ] as const) {
      asked.length = 0;
      const own = step === "schedule" ? { at: null } : undefined;
      await client.post(`/proposals/${body.id}/${step}`, own, { headers, as: "other" });
      const proposal = { kind: "proposal", key: body.id };
      const all = [proposal, ...resources];
      expect(asked).toEqual(all.map((resource) => ({ action, resource })));
    }
  });

  it("approve some of it may not approve the rest", async () => {
    const { client, f } = await reviewed(
      {},
      {
        management: {
          authorize: (request, { action, resource }) => {
            const { headers: sent } = request as { headers: Record<string, string> };
            const isOwn = resource.kind === "proposal" || resource.key === "owned";
            const may = sent["x-user"] === "admin" || action === "view" || isOwn;
            return may && { id: sent["x-user"] as string, type: "person" };
          },
        },
      },
    );
    await f.definitions.put("owned", BETA);
    await f.definitions.put("other", BETA);
    const both = await client.post("/proposals", { changes: [patchOf("owned"), patchOf("other")] });
    const as = "owner";
    for (const step of ["approve", "approve?dryRun=true", "reject", "cancel"]) {
      const path = `/proposals/${both.body.id}/${step}`;
      const answer = await client.post(path, undefined, { headers, as });
      expect([step, answer.status, answer.body.code]).toEqual([step, 403, "FORBIDDEN"]);
    }
    expect(f.definitions.get("other")?.definition.fallthrough?.percentage).toBe(50);
    const own = await client.post("/proposals", { changes: [patchOf("owned")] });
    const done = await client.post(`/proposals/${own.body.id}/approve`, undefined, { headers, as });
    expect(done.body.status).toBe("applied");
  });

  it("not even look at proposals learns nothing of which there are", async () => {
    const { client } = await withBeta();
    const { body } = await client.post("/proposals", { changes: [patchOf("beta")] });
    for (const id of [body.id, "nope"]) {
      expect((await client.get(`/proposals/${id}`, { as: null })).status).toBe(401);
      const sent = { headers, as: "viewer" };
      expect((await client.post(`/proposals/${id}/approve`, undefined, sent)).status).toBe(403);
    }
  });
});

describe("what can't be", () => {
  it("is refused with what is wrong", async () => {
    const { client, f } = await withBeta();
    const one = [patchOf("beta")];
    const wrong: readonly [unknown, number, string][] = [
      [{}, 400, "INVALID_BODY"],
      [{ changes: [] }, 400, "INVALID_BODY"],
      [{ changes: Array(101).fill(one[0]) }, 400, "INVALID_BODY"],
      [{ changes: [...one, ...one] }, 400, "INVALID_BODY"],
      [{ changes: one, approvals: [{ actor: { id: "x" } }] }, 400, "INVALID_BODY"],
      [{ changes: one, status: "applied" }, 400, "INVALID_BODY"],
      [{ changes: one, scheduledFor: "tomorrow" }, 400, "INVALID_BODY"],
      [{ changes: one, scheduledFor: "2020-01-01T00:00:00Z" }, 400, "INVALID_OPTIONS"],
      [{ changes: one, scheduledFor: "2099-01-01T00:00:00Z" }, 400, "INVALID_OPTIONS"],
      [{ changes: [patchOf("nope")] }, 404, "FLAG_NOT_FOUND"],
      [{ changes: [patchOf("fixed")] }, 409, "READ_ONLY_SOURCE"],
      [{ changes: [{ ...one[0], ifVersion: 99 }] }, 412, "VERSION_CONFLICT"],
      [{ changes: [{ ...one[0], patch: { percentage: 250 } }] }, 422, "INVALID_DEFINITIONS"],
    ];
    for (const [body, status, code] of wrong) {
      const answer = await client.post("/proposals", body);
      expect([answer.body.code, answer.status]).toEqual([code, status]);
    }
    expect((await f.proposals.list()).items).toEqual([]);
    for (const id of ["%00", "x".repeat(2000), "%F0%9F%98%80", "__proto__", "..%2Faudit"]) {
      const answer = await client.get(`/proposals/${id}`);
      expect([id, answer.status, answer.body.code]).toEqual([id, 404, "PROPOSAL_NOT_FOUND"]);
    }
  });

  it("says so where there is no review", async () => {
    const { client } = await bench();
    const answer = await client.get("/proposals");
    expect([answer.status, answer.body.code]).toEqual([409, "REVIEW_OFF"]);
  });

  it("is approved by who has seen another state of it", async () => {
    const { client } = await withBeta();
    const made = await client.post("/proposals", { changes: [patchOf("beta")] });
    const path = `/proposals/${made.body.id}`;
    await client.post(`${path}/schedule`, { at: "2027-01-02T12:00:00Z" }, { headers });
    const seen = { headers: { "if-match": String(made.headers.etag) }, as: "editor" };
    const answer = await client.post(`${path}/approve`, undefined, seen);
    expect([answer.status, answer.body.code]).toEqual([412, "VERSION_CONFLICT"]);
  });
});
