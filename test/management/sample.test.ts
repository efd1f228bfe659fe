import { expect, it } from "vitest";
import { bench } from "./bench.ts";

// Dry runs over HTTP: what a change would do to those who were seen lately.

const FLAGS = {
  owned: { enabled: true, percentage: 0 },
  secret: { enabled: true, prerequisites: [{ flag: "owned", variant: "on" }] },
  staff: { enabled: true, rules: [{ id: "s", when: { segment: "team" } }] },
};
const GROUP = { attribute: "groups", op: "contains", values: ["team"] };
const NOBODY = { attribute: "groups", op: "contains", values: ["nobody"] };
const ON = { variant: "on", value: true };
const OFF = { variant: "off", value: false };

async function sampled() {
  const made = await bench({ flags: { sample: true } });
  const { client, f } = made;
  await client.put("/segments/team", GROUP);
  for (const [key, definition] of Object.entries(FLAGS))
    await client.put(`/flags/${key}`, definition);
  await f.groups.add("team", "ann", { actor: { id: "ops", type: "person" } });
  for (const userId of ["ann", "ben", "cleo"]) {
    const reader = f.client({ targetingKey: userId, userId, tenantId: "acme" });
    await reader.ready();
    reader.enabled("owned");
  }
  return made;
}

const reason = { "x-reason": "to see" };
const headers = { ...reason, "if-match": "*" };

const tries: readonly [method: string, path: string, body: unknown, expected: object][] = [
  ["PUT", "/flags/owned", { enabled: true }, { owned: [3, OFF, ON], secret: [3, OFF, ON] }],
  ["PATCH", "/flags/owned", { percentage: 100 }, { owned: [3, OFF, ON], secret: [3, OFF, ON] }],
  ["POST", "/flags/staff/disable", undefined, { staff: [1, ON, OFF] }],
  ["DELETE", "/flags/secret", undefined, { secret: [3, OFF, {}] }],
  ["POST", "/flags", { key: "new", definition: { enabled: true } }, { new: [3, {}, ON] }],
  ["PUT", "/segments/team", { not: GROUP }, { staff: [3, undefined, undefined] }],
  ["PATCH", "/segments/team", NOBODY, { staff: [1, ON, OFF] }],
  [
    "PUT",
    "/overrides/owned/user:ben",
    { value: true },
    { owned: [1, OFF, ON], secret: [1, OFF, ON] },
  ],
  ["PUT", "/overrides/staff/tenant:acme", { value: true }, { staff: [2, OFF, ON] }],
  ["POST", "/flags/staff/kill", undefined, { staff: [1, ON, OFF] }],
  ["POST", "/flags/owned/kill", { value: true }, { owned: [3, OFF, ON], secret: [3, OFF, ON] }],
  ["POST", "/flags/owned/restore", undefined, {}],
  ["PUT", "/groups/team/members/ben", undefined, { staff: [1, OFF, ON] }],
  ["DELETE", "/groups/team/members/ann", undefined, { staff: [1, ON, OFF] }],
];

it.each(tries)("%s %s", async (method, path, body, expected) => {
  const { client, f } = await sampled();
  const { items } = await f.audit.list();
  const sent = { body, headers: path.startsWith("/overrides") ? reason : headers };
  const answer = await client.send(method, `${path}?dryRun=true`, sent);
  expect(answer.status).toBe(200);
  const { size, flags } = answer.body.sample;
  expect(size).toBe(3);
  const found = Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: as the document has it, which is checked.
    flags.map(({ key, changed, transitions: [first, more] }: any) => [
      key,
      [changed, more ? undefined : first.from, more ? undefined : first.to],
    ]),
  );
  expect(found).toEqual(expected);
  expect(JSON.stringify(answer.body.sample)).not.toMatch(/ann|ben|cleo|acme/);
  expect((await f.audit.list()).items).toEqual(items);
});

it("several changes count together", async () => {
  const { client } = await sampled();
  const changes = [
    { what: "group", op: "add", group: "team", user: "ben" },
    { what: "override", op: "put", flag: "staff", scope: "user:ben", value: false },
    { what: "flag", op: "patch", key: "owned", patch: { enabled: false }, ifVersion: "*" },
  ];
  const { body } = await client.post("/changes?dryRun=true", { changes });
  expect(body.sample).toEqual({ size: 3, changed: 0, flags: [], unsampled: [] });
});

it("tells of a flag that depends on a changed one only those who may look at it", async () => {
  const { client } = await sampled();
  const sent = { headers, as: "owner" };
  const { body } = await client.put("/flags/owned?dryRun=true", { enabled: true }, sent);
  expect(body.sample.flags.map(({ key }: { key: string }) => key)).toEqual(["owned"]);
  expect(JSON.stringify(body)).not.toContain("secret");
});

it("has none of those whom somebody only asked about", async () => {
  const { client } = await sampled();
  await client.post("/evaluate", { context: { targetingKey: "dora" } });
  await client.post("/explain", { context: { targetingKey: "emil" } });
  const { body } = await client.put("/flags/owned?dryRun=true", { enabled: true }, { headers });
  expect(body.sample.size).toBe(3);
});

it("is not there without the option", async () => {
  const { client } = await bench();
  const { body } = await client.put("/flags/owned?dryRun=true", { enabled: true });
  expect(body).not.toHaveProperty("sample");
});
