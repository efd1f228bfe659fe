import { expect } from "vitest";
import type { Bench } from "./bench.ts";

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** Proposes changes, and does with them all that the document has. */
export async function proposals({ client, f }: Bench): Promise<void> {
  const as = "editor";
  const one = (what: object) => ({ changes: [what] });
  const patch = { what: "flag", op: "patch", key: "new-checkout", patch: { percentage: 75 } };
  const override = {
    what: "override",
    op: "put",
    flag: "new-checkout",
    scope: "org:o",
    value: true,
  };
  const tried = await client.post("/proposals?dryRun=true", one(patch));
  expect(tried.body.changes).toMatchObject([{ key: "new-checkout", changed: true }]);
  const sent = { changes: [patch, override, { what: "group", op: "add", group: "g", user: "u" }] };
  const made = await client.post("/proposals", sent, { headers: { "x-reason": "it works" } });
  const { id } = made.body;
  expect([made.status, made.headers.location]).toEqual([201, `proposals/${id}`]);
  const { version } = f.definitions.get("new-checkout") ?? {};
  expect(made.body).toMatchObject({
    status: "open",
    proposedBy: { id: "admin" },
    reason: "it works",
    needed: 1,
    approvals: [],
    changes: [{ ...patch, ifVersion: version }, { ...override, op: "set", ifVersion: 0 }, {}],
  });
  const path = `/proposals/${id}`;
  const etag = String(made.headers.etag);
  expect((await client.get(path, { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await client.post(`${path}/approve`, undefined, { as })).status).toBe(428);
  const headers = { "if-match": etag };
  const own = await client.post(`${path}/approve`, undefined, { headers });
  expect([own.status, own.body.code]).toEqual([403, "OWN_PROPOSAL"]);
  const shown = await client.post(`${path}/approve?dryRun=true`, undefined, { as });
  expect(shown.body.changes).toHaveLength(3);
  const done = await client.post(`${path}/approve`, undefined, { headers, as });
  expect(done.body).toMatchObject({ status: "applied", closed: { actor: { id: "editor" } } });
  expect(f.definitions.get("new-checkout")?.definition.fallthrough?.percentage).toBe(75);
  const audit = await client.get(`/audit?what=proposal&key=${id}`);
  expect(audit.body.items.map(({ action }: { action: string }) => action)).toEqual([
    "updated",
    "created",
  ]);
  const change = await client.get("/audit?what=flag&key=new-checkout&limit=1");
  expect(change.body.items[0]).toMatchObject({
    actor: { id: "editor" },
    reason: `Proposal ${id}: it works`,
    version: done.body.version,
  });

  const stale = await client.post("/proposals", one({ ...patch, patch: { percentage: 80 } }));
  await client.post("/flags/new-checkout/disable");
  const any = { headers: { "if-match": "*" } };
  const refused = await client.post(`/proposals/${stale.body.id}/approve`, undefined, {
    ...any,
    as,
  });
  expect(refused.status).toBe(412);
  await client.post("/flags/new-checkout/enable");
  const failed = await client.get(`/proposals/${stale.body.id}`);
  expect(failed.body).toMatchObject({ status: "failed", failure: { code: "VERSION_CONFLICT" } });

  const later = await client.post("/proposals", { ...one(override), scheduledFor: inDays(2) });
  const laterPath = `/proposals/${later.body.id}`;
  const waits = await client.post(`${laterPath}/approve`, undefined, { ...any, as });
  expect(waits.body).toMatchObject({
    status: "scheduled",
    approvals: [{ actor: { id: "editor" } }],
  });
  const moved = await client.post(`${laterPath}/schedule`, { at: inDays(3) }, any);
  expect(moved.body).toMatchObject({ status: "open", approvals: [] });
  const off = await client.post(`${laterPath}/schedule`, { at: null }, any);
  expect(off.body).not.toHaveProperty("scheduledFor");
  expect((await client.post(`${laterPath}/cancel`, undefined, any)).body.status).toBe("cancelled");
  const other = await client.post("/proposals", one(override));
  const no = await client.post(`/proposals/${other.body.id}/reject`, undefined, { ...any, as });
  expect(no.body.status).toBe("rejected");
  expect((await client.post(`/proposals/${id}/cancel`, undefined, any)).status).toBe(409);

  const idsFor = async (query: string): Promise<string[]> => {
    const { body } = await client.get(`/proposals?${query}`);
    return body.items.map((item: { id: string }) => item.id);
  };
  const all = [other, later, stale, made].map(({ body }) => body.id);
  expect((await idsFor("proposedBy=admin")).toSorted()).toEqual(all.toSorted());
  expect(await idsFor("status=applied&key=new-checkout")).toEqual([id]);
  const first = await client.get("/proposals?limit=3");
  expect(await idsFor(`cursor=${encodeURIComponent(first.body.cursor)}`)).toHaveLength(1);
  expect((await client.get("/proposals/nope")).status).toBe(404);
}
