import type { FlagsOptions } from "@halyard/server";
import { expect } from "vitest";
import type { Bench } from "./bench.ts";
import { proposals } from "./exercise-proposals.ts";
import { listen } from "./listener.ts";

const staff = { attribute: "groups", op: "contains", values: ["staff"] };

/** Changes can be proposed, and made at once as well. */
export const REVIEWED: FlagsOptions = { review: { required: false } };

/** Does every operation that the OpenAPI document has; each answer is held against the document. */
export async function exercise(bench: Bench): Promise<void> {
  for (const part of [
    segments,
    flags,
    reads,
    overrides,
    tokens,
    groups,
    changes,
    evaluation,
    proposals,
    others,
  ]) {
    await part(bench);
  }
  const { operations, done } = bench.check;
  expect(operations.length).toBeGreaterThan(35);
  expect(operations.filter((id) => !done.has(id))).toEqual([]);
}

async function segments({ client }: Bench): Promise<void> {
  const made = await client.post("/segments", { key: "staff", definition: staff });
  expect([made.status, made.headers.location]).toEqual([201, "segments/staff"]);
  const put = await client.put("/segments/team", { any: [staff] });
  expect(put.status).toBe(201);
  const etag = String(put.headers.etag);
  expect((await client.get("/segments/team", { headers: { "if-none-match": etag } })).status).toBe(
    304,
  );
  const patched = await client.patch(
    "/segments/team",
    { any: null, all: [staff] },
    { headers: { "if-match": etag } },
  );
  expect(patched.body.written).toEqual({ all: [staff] });
  const all = await client.get("/segments/team/history");
  // From the audit: not every store tells versions of segments.
  const { version } = all.body.items.at(-1);
  const back = await client.post("/segments/team/rollback", { version });
  expect(back.body.written).toEqual({ any: [staff] });
  const { body } = await client.get("/segments/team/history?limit=2");
  expect(body.items.map((item: { action: string }) => item.action)).toEqual(["updated", "updated"]);
  expect(body.cursor).toBeTypeOf("string");
  const list = await client.get("/segments?search=A");
  expect(list.body.items.map(({ key }: { key: string }) => key)).toEqual(["staff", "team"]);
  const headers = { "if-match": String(back.headers.etag) };
  expect((await client.delete("/segments/team", { headers })).status).toBe(204);
  expect((await client.get("/segments/team")).status).toBe(404);
}

async function flags({ client, f }: Bench): Promise<void> {
  const definition = { enabled: true, percentage: 10, tags: ["checkout"], owner: "payments" };
  const made = await client.post("/flags", { key: "new-checkout", definition });
  expect([made.status, made.body.written]).toEqual([201, definition]);
  const etag = String(made.headers.etag);
  expect(etag).toBe(`"${made.body.version}"`);
  const again = await client.post("/flags", { key: "new-checkout", definition });
  expect([again.status, again.body.code]).toEqual([409, "EXISTS"]);

  const patched = await client.patch(
    "/flags/new-checkout",
    { percentage: 50 },
    { headers: { "if-match": etag, "x-reason": "it works" } },
  );
  expect(patched.body.written).toEqual({ ...definition, percentage: 50 });
  const put = await client.put(
    "/flags/new-checkout",
    { enabled: true, name: "Checkout" },
    { headers: { "if-match": String(patched.headers.etag) } },
  );
  expect(put.status).toBe(200);
  const off = await client.post("/flags/new-checkout/disable");
  expect(off.body.definition.enabled).toBe(false);
  expect(f.client().enabled("new-checkout")).toBe(false);
  const on = await client.post("/flags/new-checkout/enable");
  expect(on.body.definition.enabled).toBe(true);

  const history = await client.get("/flags/new-checkout/history");
  expect(history.body.items.map(({ action }: { action: string }) => action)).toEqual([
    ...Array(4).fill("updated"),
    "created",
  ]);
  expect(history.body.items[3]).toMatchObject({ reason: "it works", actor: { id: "admin" } });
  const back = await client.post("/flags/new-checkout/rollback", { version: made.body.version });
  expect(back.body.written).toEqual(definition);

  const killed = await client.post("/flags/new-checkout/kill", undefined, {
    headers: { "x-reason": "Fehler %C3%BCberall" },
  });
  expect(killed.body).toMatchObject({ layer: "emergency", value: false, reason: "Fehler überall" });
  const restored = await client.post("/flags/new-checkout/restore");
  expect(restored.body).toEqual({ key: "new-checkout", changed: true });

  const gone = await client.put("/flags/short-lived", { enabled: false });
  const headers = { "if-match": String(gone.headers.etag) };
  expect((await client.delete("/flags/short-lived", { headers })).status).toBe(204);
}

async function reads({ client, f }: Bench): Promise<void> {
  await client.post("/flags", {
    key: "page/size",
    definition: { enabled: false, type: "integer", default: 20, description: "Rows of a PAGE" },
  });
  await client.put("/flags/staging-only", { enabled: true, environments: ["staging"] });
  const keysFor = async (query: string): Promise<string[]> => {
    const { body } = await client.get(`/flags?${query}`);
    return body.items.map(({ key }: { key: string }) => key);
  };
  expect(await keysFor("search=page")).toEqual(["page/size"]);
  expect(await keysFor("tag=checkout")).toEqual(["new-checkout"]);
  expect(await keysFor("owner=payments")).toEqual(["new-checkout"]);
  expect(await keysFor("enabled=false")).toEqual(["page/size"]);
  expect(await keysFor(`type=integer&source=${f.definitions.get("page/size")?.source}`)).toEqual([
    "page/size",
  ]);
  expect(await keysFor("environment=production&enabled=true")).toEqual(["fixed", "new-checkout"]);
  const first = await client.get("/flags?limit=3");
  const cursor = encodeURIComponent(first.body.cursor);
  expect(await keysFor(`limit=3&cursor=${cursor}`)).toEqual(["staging-only"]);
  const slash = await client.get("/flags/page%2Fsize");
  expect(slash.body).toMatchObject({ key: "page/size", definition: { type: "integer" } });
  const fixed = await client.get("/flags/fixed");
  expect(fixed.body).toMatchObject({ writable: false });
  const headers = { "if-none-match": String(fixed.headers.etag) };
  expect((await client.get("/flags/fixed", { headers })).status).toBe(304);
}

async function overrides({ client, f }: Bench): Promise<void> {
  const path = "/overrides/new-checkout/user:ben";
  const made = await client.put(path, { value: true, expiresIn: 60_000 });
  expect([made.status, made.body.scope, made.body.state]).toEqual([201, "user:ben", "enabled"]);
  const reader = f.client({ userId: "ben" });
  await reader.ready();
  expect(reader.enabled("new-checkout")).toBe(true);
  expect((await client.put(path, { value: false })).status).toBe(428);
  const etag = String(made.headers.etag);
  const unset = await client.put(path, { unset: true }, { headers: { "if-match": etag } });
  expect(unset.body.state).toBe("unset");
  const read = await client.get(path);
  expect(read.headers.etag).toBe(unset.headers.etag);
  const odd = await client.put("/overrides/new-checkout/user:a%2Fb%3Btenant=t%253B1", {
    value: true,
  });
  expect(odd.body.scope).toBe("user:a/b;tenant=t%3B1");
  const list = await client.get("/overrides?flag=new-checkout&layer=user&limit=1");
  expect(list.body.items).toHaveLength(1);
  expect((await client.get("/overrides?scope=user:ben")).body.items).toHaveLength(1);
  const headers = { "if-match": String(unset.headers.etag) };
  expect((await client.delete(path, { headers })).status).toBe(204);
  expect((await client.get(path)).status).toBe(404);
}

async function tokens({ client, f }: Bench): Promise<void> {
  const headers = { "x-reason": "a customer asked" };
  const sent = { flags: { "new-checkout": true }, subject: "ben", expiresIn: 60_000 };
  const made = await client.post("/override-tokens", sent, { headers });
  expect(made.status).toBe(201);
  const { token, ...rest } = made.body;
  expect(rest).toMatchObject({
    environment: "production",
    subject: "ben",
    flags: { "new-checkout": true },
    actor: { id: "admin" },
    reason: "a customer asked",
    revoked: false,
  });
  const { jti } = rest;
  expect(f.overrideTokens.inspect(token)).toMatchObject({ accepted: true, claims: { jti } });
  const other = await client.post("/override-tokens", { flags: { fixed: false } });
  const page = await client.get("/override-tokens?limit=1");
  expect(page.body.items).toHaveLength(1);
  const next = await client.get(
    `/override-tokens?limit=1&cursor=${encodeURIComponent(page.body.cursor)}`,
  );
  const listed = [...page.body.items, ...next.body.items];
  expect(listed.map((item) => item.jti).toSorted()).toEqual([jti, other.body.jti].toSorted());
  expect(listed.find((item) => item.jti === jti)).toEqual(rest);

  const path = `/override-tokens/${jti}/revoke`;
  expect((await client.post(path)).body).toEqual({ jti, changed: true });
  expect((await client.post(path)).body).toEqual({ jti, changed: false });
  expect(f.overrideTokens.inspect(token)).toEqual({ accepted: false, flaw: "revoked" });
  const { items } = await f.audit.list({ limit: 1 });
  expect(items).toMatchObject([{ key: `halyard/revoked-tokens/${jti}`, actor: { id: "admin" } }]);
}

async function groups({ client }: Bench): Promise<void> {
  const put = () => client.send("PUT", "/groups/staff/members/cleo");
  expect((await put()).body).toMatchObject({ member: true, changed: true });
  expect((await put()).body).toMatchObject({ changed: false });
  await client.send("PUT", "/groups/staff/members/dan");
  const page = await client.get("/groups/staff/members?limit=1");
  expect(page.body.items).toEqual(["cleo"]);
  const cursor = encodeURIComponent(page.body.cursor);
  const next = await client.get(`/groups/staff/members?limit=1&cursor=${cursor}`);
  expect(next.body).toEqual({ items: ["dan"] });
  expect((await client.get("/users/cleo/groups")).body.groups).toEqual(["staff"]);
  const gone = await client.delete("/groups/staff/members/dan");
  expect(gone.body).toEqual({ group: "staff", user: "dan", member: false, changed: true });
}

async function changes({ client, f }: Bench): Promise<void> {
  const { body: flag } = await client.get("/flags/new-checkout");
  const sent = [
    { what: "segment", op: "put", key: "pilots", definition: { any: [staff] } },
    {
      what: "flag",
      op: "patch",
      key: "new-checkout",
      patch: { rules: [{ id: "pilots", when: { segment: "pilots" } }] },
      ifVersion: flag.version,
    },
    { what: "override", op: "put", flag: "new-checkout", scope: "tenant:acme", value: true },
    { what: "group", op: "add", group: "staff", user: "eve" },
  ];
  const tried = await client.post("/changes?dryRun=true", { changes: sent });
  expect(tried.body).toMatchObject({ dryRun: true, changes: Array(4).fill({ changed: true }) });
  expect((await client.get("/segments/pilots")).status).toBe(404);
  const done = await client.post("/changes", { changes: sent });
  expect(done.body.changes.map(({ changed }: { changed: boolean }) => changed)).toEqual(
    Array(4).fill(true),
  );
  const audit = await f.audit.list({ limit: 4 });
  expect(audit.items.every(({ version }) => version === done.body.version)).toBe(true);
  const stale = await client.post("/changes", { changes: [sent[1]] });
  expect(stale.status).toBe(412);
}

async function evaluation({ client }: Bench): Promise<void> {
  const context = { userId: "zoe", groups: ["staff"] };
  const some = await client.post("/evaluate", { context, flags: ["new-checkout", "nope"] });
  expect(some.body.flags).toMatchObject([
    { flagKey: "new-checkout", value: true, ruleId: "pilots" },
    { flagKey: "nope", errorCode: "FLAG_NOT_FOUND" },
  ]);
  const all = await client.post("/evaluate", { context });
  expect(all.body.flags.length).toBe(4);
  const why = await client.post("/explain", { context, flags: ["new-checkout"] });
  expect(why.body.flags[0].steps.at(-1)).toMatchObject({ step: "rule", ruleId: "pilots" });
  const good = await client.post("/validate", {
    flags: { other: { prerequisites: [{ flag: "new-checkout", variant: "on" }], enabled: true } },
  });
  expect(good.body).toEqual({ valid: true, problems: [], warnings: [] });
  const bad = await client.post("/validate", { flags: { other: { percentage: 250, rulez: [] } } });
  const paths = bad.body.problems.map(({ path }: { path: string }) => path);
  expect([bad.status, bad.body.valid, paths.toSorted()]).toEqual([
    200,
    false,
    ["/flags/other/percentage", "/flags/other/rulez"],
  ]);
}

async function others({ client }: Bench): Promise<void> {
  const audit = await client.get(
    "/audit?what=flag&key=new-checkout&action=created&actor=admin&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z",
  );
  expect(audit.body.items).toHaveLength(1);
  expect((await client.get("/audit?scope=cleo")).body.items).toMatchObject([{ what: "group" }]);
  expect((await client.get("/guards")).body).toEqual({ items: [] });
  expect((await client.get("/health")).body.status).toBe("healthy");
  const usage = await client.get("/usage?days=1&finding=never-read&limit=1");
  expect(usage.body).toMatchObject({ counted: true, days: 1, items: [{ reads: 0 }] });
  const cursor = encodeURIComponent(usage.body.cursor);
  const next = await client.get(`/usage?days=1&finding=never-read&limit=200&cursor=${cursor}`);
  const keys = [...usage.body.items, ...next.body.items].map(({ key }: { key: string }) => key);
  const { body: all } = await client.get("/usage");
  const read = all.items.filter(({ reads }: { reads: number }) => reads > 0);
  expect(read).toMatchObject([{ key: "new-checkout", routes: [] }]);
  expect([...keys, "new-checkout"].sort()).toEqual(
    all.items.map(({ key }: { key: string }) => key),
  );
  await client.get("/openapi.json");
  await client.send("HEAD", "/events");
  const listener = await listen(client.port, { query: "?what=group" });
  const user = `last-${Math.random()}`;
  await client.send("PUT", `/groups/staff/members/${user}`);
  const [begin, change] = await listener.heard(2);
  expect(begin).toMatchObject({ event: "resync", data: { reason: "begin" } });
  const changes = [{ what: "group", key: "staff", scope: user }];
  expect(change).toMatchObject({ event: "change", data: { changes } });
  listener.response.destroy();
}
