import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { createFlags, MemoryStore } from "@halyard/server";
import { sqliteStore } from "@halyard/stores/sqlite";
import { EventSource } from "eventsource";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { FlagsInstance } from "../../packages/server/src/flags-instance.ts";
import { type Bench, bench } from "./bench.ts";
import { frameworks, PREFIX } from "./frameworks.ts";
import { listen } from "./listener.ts";

const folder = mkdtempSync(join(tmpdir(), "halyard-streams-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const soon = { timeout: 5000, interval: 2 };
const by = { actor: { id: "ann", type: "person" } };

/** Tells of changes of nothing, many of them, whose names are long. */
function makeNoise(f: Bench["f"], changes = 500): Promise<void> {
  const touched = Array.from({ length: changes }, (_, index) => ({
    what: "group" as const,
    key: `${index}`.padEnd(250, "x"),
    scope: "ann",
  }));
  (f as FlagsInstance).feed.noticed({ touched });
  return turn();
}

describe.each(frameworks)("$name", (framework) => {
  it("tells of each change once, when reads see it", async () => {
    const { client, f } = await bench({ framework });
    const listener = await listen(client.port);
    const { headers, statusCode } = listener.response;
    expect(statusCode).toBe(200);
    expect(headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-cache, no-store, no-transform");
    expect(headers["x-accel-buffering"]).toBe("no");
    await listener.heard(1);
    expect(listener.text).toMatch(/^retry: \d{4}\n\n/);

    const flag = { what: "flag", key: "beta" };
    const steps: readonly (readonly [() => Promise<unknown>, object, () => unknown])[] = [
      [() => client.put("/flags/beta", { enabled: true }), flag, () => f.client().enabled("beta")],
      [
        () => client.put("/segments/pilots", { attribute: "plan", op: "exists" }),
        { what: "segment", key: "pilots" },
        () => f.segments.get("pilots") !== undefined,
      ],
      [
        () => client.put("/overrides/beta/user:ben", { value: false }),
        { what: "override", key: "beta", scope: "user:ben" },
        () => true,
      ],
      [
        () => client.put("/overrides/beta/system", { value: false }),
        { what: "override", key: "beta", scope: "system" },
        () => !f.client().enabled("beta"),
      ],
      [
        () => client.send("PUT", "/groups/staff/members/cleo"),
        { what: "group", key: "staff", scope: "cleo" },
        () => true,
      ],
      [
        () => client.post("/flags/fixed/kill", undefined, { headers: { "x-reason": "broken" } }),
        { what: "override", key: "fixed", scope: "system" },
        () => !f.client().enabled("fixed"),
      ],
      [
        () => client.delete("/flags/beta", { headers: { "if-match": "*" } }),
        flag,
        () => f.definitions.get("beta") === undefined,
      ],
    ];
    for (const [index, [step, expected, isSeen]] of steps.entries()) {
      const heard = listener.heard(index + 2).then((events) => [events.at(-1), isSeen()]);
      await step();
      const [event, seen] = await heard;
      expect(event).toMatchObject({ event: "change", data: { changes: [expected] } });
      expect([expected, seen]).toEqual([expected, true]);
    }
    const { body } = await client.get("/audit?limit=1");
    expect(listener.events.at(-1)?.data.version).toBe(body.items[0].version);
    // No value of anything.
    expect(listener.text).not.toMatch(/true|false|enabled/);
  });

  it("tells of what another process writes", async () => {
    const path = join(folder, `${framework.name}.db`);
    const { client, f } = await bench({ framework, store: sqliteStore({ path }) });
    const other = createFlags({ store: sqliteStore({ path }), sources: [] });
    try {
      const listener = await listen(client.port);
      await listener.heard(1);
      await other.definitions.put("far", { enabled: true }, by);
      await vi.waitFor(() => {
        expect(listener.changes).toContainEqual({ what: "flag", key: "far" });
      }, soon);
      expect(f.client().enabled("far")).toBe(true);
      await other.overrides.kill("far", { ...by, reason: "broken" });
      await vi.waitFor(() => {
        const change = { what: "override", key: "far", scope: "system" };
        expect(listener.changes).toContainEqual(change);
      }, soon);
      expect(f.client().enabled("far")).toBe(false);
      await other.groups.add("staff", "dan", by);
      await vi.waitFor(() => {
        expect(listener.changes).toContainEqual({ what: "group", key: "staff", scope: "dan" });
      }, soon);
    } finally {
      await other.close();
    }
  });

  it("asks for the role to see, for each kind that is listened for", async () => {
    const { client, api } = await bench({
      framework,
      management: {
        authorize: (request, { action, resource }) => {
          const { headers } = request as { readonly headers: Record<string, string> };
          if (headers["x-user"] === undefined) return undefined;
          if (headers["x-user"] === "nobody") return false;
          const isKnown = ["flag", "segment", "api"].includes(resource.kind);
          return action === "view" && isKnown && { id: "viewer", type: "person" };
        },
      },
    });
    client.check = undefined;
    const statusOf = async (query: string, as: string | null) => {
      const { status } = await client.get(`/events${query}`, { as });
      return status;
    };
    expect(await statusOf("", null)).toBe(401);
    expect(await statusOf("?what=flag", "nobody")).toBe(403);
    expect(await statusOf("", "viewer")).toBe(403);
    expect(await statusOf("?what=flag,group", "viewer")).toBe(403);
    expect(await statusOf("?what=flags", "viewer")).toBe(400);
    const query = "?what=segment,flag";
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const refused = await client.get(`/events${query}`, { headers });
    expect([refused.status, refused.body.code]).toEqual([403, "CROSS_SITE"]);
    expect(api.streams.open).toBe(0);
    expect((await listen(client.port, { query })).response.statusCode).toBe(200);
  });

  it("sends only the kinds that were asked for", async () => {
    const { client, f } = await bench({ framework });
    const listener = await listen(client.port, { query: "?what=group,segment" });
    await client.put("/flags/beta", { enabled: true });
    await client.put("/overrides/beta/user:ben", { value: false });
    await f.groups.add("staff", "ann", by);
    const events = await listener.heard(2);
    expect(events[1]?.data.changes).toEqual([{ what: "group", key: "staff", scope: "ann" }]);
  });

  it("who comes back is sent what was missed, or told to read all anew", async () => {
    const { client, f } = await bench({ framework });
    const first = await listen(client.port);
    const [begin] = await first.heard(1);
    await f.groups.add("staff", "ann", by);
    const [, seen] = await first.heard(2);
    first.response.destroy();
    await f.groups.add("staff", "ben", by);
    await turn();
    await client.put("/flags/beta", { enabled: true });
    await turn();

    const again = await listen(client.port, { lastEventId: seen?.id });
    await again.heard(2);
    expect(again.changes).toEqual([
      { what: "group", key: "staff", scope: "ben" },
      { what: "flag", key: "beta" },
    ]);
    const last = again.events.at(-1)?.id;
    const all = await listen(client.port, { lastEventId: begin?.id });
    expect((await all.heard(3)).map(({ event }) => event)).toEqual(["change", "change", "change"]);
    const upToDate = await listen(client.port, { lastEventId: last });
    await vi.waitFor(() => expect(upToDate.text).toMatch(/^retry/), soon);
    expect(upToDate.events).toEqual([]);

    const name = last?.replace(/\d+$/, "") ?? "";
    for (const unknown of [
      "1",
      "x",
      "other-1",
      `${name}999`,
      `${name}-1`,
      `${name}1e1`,
      "%00",
      name,
    ]) {
      const lost = await listen(client.port, { lastEventId: unknown });
      const [event] = await lost.heard(1);
      expect([unknown, event?.event, event?.data.reason]).toEqual([unknown, "resync", "gap"]);
      // It goes on from here.
      expect(event?.id).toBe(last);
      lost.response.destroy();
    }
  });

  it("keeps a bounded number of events for those who come back", async () => {
    const { client, f, api } = await bench({ framework });
    const first = await listen(client.port);
    const [begin] = await first.heard(1);
    first.response.destroy();
    await vi.waitFor(() => expect(api.streams.open).toBe(0), soon);
    for (let count = 0; count < 1100; count++) await makeNoise(f, 1);
    const late = await listen(client.port, { lastEventId: begin?.id });
    expect((await late.heard(1))[0]).toMatchObject({ event: "resync", data: { reason: "gap" } });
    const newest = late.events[0]?.id;
    await makeNoise(f);
    await makeNoise(f);
    await makeNoise(f);
    // More than is sent at once.
    const tooMuch = await listen(client.port, { lastEventId: newest });
    expect((await tooMuch.heard(1))[0]?.event).toBe("resync");
    // More than one event names.
    await makeNoise(f, 501);
    await vi.waitFor(() => expect(tooMuch.events.at(-1)?.data.reason).toBe("unknown"), soon);
  });

  it("leaves a client that does not read, and serves the others", async () => {
    const { client, f, api } = await bench({
      framework,
      management: { streams: { maxBuffer: 50_000 } },
    });
    const other = await listen(client.port, { query: "?what=flag" });
    await other.heard(1);
    const stuck = connect(client.port, "127.0.0.1");
    stuck.on("error", () => {});
    stuck.write(`GET ${PREFIX}/events HTTP/1.1\r\nHost: localhost\r\nX-User: admin\r\n\r\n`);
    stuck.pause();
    await vi.waitFor(() => expect(api.streams.open).toBe(2), soon);
    // What the system takes for the client is a few megabytes.
    for (let count = 0; count < 1000 && api.streams.dropped === 0; count++) await makeNoise(f);
    expect(api.streams).toEqual({ open: 1, refused: 0, dropped: 1 });
    await client.put("/flags/beta", { enabled: true });
    await vi.waitFor(
      () => expect(other.changes).toContainEqual({ what: "flag", key: "beta" }),
      soon,
    );
    stuck.destroy();
  });

  it("gives each a place while there are any, and takes it back", async () => {
    const { client, api, logs } = await bench({
      framework,
      management: { streams: { maxClients: 3 } },
    });
    const open = await Promise.all([1, 2, 3].map(() => listen(client.port)));
    for (let count = 0; count < 3; count++) {
      const refused = await client.get("/events");
      expect([refused.status, refused.body.code]).toEqual([503, "TOO_MANY_STREAMS"]);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(5);
    }
    expect(api.streams).toEqual({ open: 3, refused: 3, dropped: 0 });
    expect(logs.filter((line) => line.includes("no place for more"))).toHaveLength(1);
    // Without a word, as a machine that is switched off.
    open[0]?.request.socket?.resetAndDestroy();
    await vi.waitFor(() => expect(api.streams.open).toBe(2), soon);
    expect((await listen(client.port)).response.statusCode).toBe(200);
    expect((await client.send("HEAD", "/events")).status).toBe(503);
    open[1]?.response.destroy();
    await vi.waitFor(() => expect(api.streams.open).toBe(2), soon);
    expect((await client.send("HEAD", "/events")).status).toBe(200);
    expect(api.streams.open).toBe(2);
    expect(logs.filter((line) => line.startsWith("error"))).toEqual([]);
  });

  it("shows that it lives, and lets nobody listen for ever", async () => {
    let isAllowed = true;
    const { client } = await bench({
      framework,
      management: {
        authorize: () => isAllowed && { id: "ann", type: "person" },
        streams: { heartbeat: 10, lifetime: 60 },
      },
    });
    const listener = await listen(client.port);
    await vi.waitFor(() => expect(listener.text).toContain("\n\n:\n\n"), soon);
    isAllowed = false;
    await listener.end();
    // An end like any other, so that clients come back; then they are asked who they are.
    expect(listener.response.complete).toBe(true);
    expect((await listen(client.port)).response.statusCode).toBe(403);
  });

  it("ends its streams with the instance, and takes no more", async () => {
    const { client, f, api } = await bench({ framework });
    const open = await Promise.all([1, 2, 3].map(() => listen(client.port)));
    await f.close();
    for (const listener of open) {
      await listener.end();
      expect(listener.response.complete).toBe(true);
    }
    expect(api.streams.open).toBe(0);
    const late = await client.get("/events");
    expect([late.status, late.body.code]).toEqual([503, "CLOSED"]);
  });
});

it("ends its streams when a Fastify server closes", async () => {
  const framework = frameworks.find(({ name }) => name.startsWith("Fastify"));
  expect(framework).toBeDefined();
  if (framework === undefined) return;
  const { default: Fastify } = await import("fastify");
  const { managementApi, mount } = await import("@halyard/fastify");
  const f = createFlags({ sources: [], store: new MemoryStore() });
  const api = managementApi(f, { authorize: () => ({ id: "ann", type: "person" }) });
  const app = Fastify();
  app.register(mount(api), { prefix: PREFIX });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const listener = await listen((app.server.address() as AddressInfo).port);
  await listener.heard(1);
  await app.close();
  await listener.end();
  expect(api.streams.open).toBe(0);
  await f.close();
});

it("tells of flags and segments in a file that changes", async () => {
  const path = join(folder, "features.yaml");
  const write = (percentage: number, plan: string): void =>
    writeFileSync(
      path,
      `flags:\n  a: { percentage: ${percentage} }\n  b: true\nsegments:\n  s: { attribute: plan, op: eq, values: [${plan}] }\n  t: { attribute: plan, op: exists }\n`,
    );
  write(10, "pro");
  const { client } = await bench({ store: null, flags: { sources: [path] } });
  const listener = await listen(client.port);
  await listener.heard(1);
  write(20, "team");
  await vi.waitFor(() => {
    expect(listener.changes).toEqual([
      { what: "flag", key: "a" },
      { what: "segment", key: "s" },
    ]);
  }, soon);
  await client.post("/flags/b/kill", undefined, { headers: { "x-reason": "broken" } });
  await vi.waitFor(() => {
    expect(listener.changes.at(-1)).toEqual({ what: "override", key: "b", scope: "system" });
  }, soon);
});

it("is understood by an EventSource, which comes back by itself", async () => {
  const { client, f } = await bench({
    management: { streams: { heartbeat: 10, lifetime: 100 } },
  });
  const source = new EventSource(`http://127.0.0.1:${client.port}${PREFIX}/events`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, "x-user": "ann" } }),
  });
  const heard: string[] = [];
  source.addEventListener("resync", ({ data }) => heard.push(`resync ${data}`));
  source.addEventListener("change", ({ data }) => heard.push(JSON.parse(data).changes[0].scope));
  try {
    await vi.waitFor(() => expect(heard).toHaveLength(1), soon);
    // The stream is over, and something changes before the client is back.
    await new Promise((resolve) => source.addEventListener("error", resolve, { once: true }));
    await f.groups.add("staff", "ben", by);
    await vi.waitFor(() => expect(heard.slice(1)).toEqual(["ben"]), { ...soon, timeout: 10_000 });
  } finally {
    source.close();
  }
}, 15_000);

it("10,000 who want to listen take no more than the places that there are", {
  timeout: 60_000,
}, async () => {
  const { client, api, logs } = await bench({ management: { streams: { maxClients: 50 } } });
  const open = await Promise.all(Array.from({ length: 50 }, () => listen(client.port)));
  const requests = `GET ${PREFIX}/events HTTP/1.1\r\nHost: localhost\r\nX-User: admin\r\n\r\n`;
  const refusals = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(client.port, "127.0.0.1");
      socket.write(requests.repeat(198));
      socket.end(requests.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks)
        .toString()
        .match(/HTTP\/1\.1 503 /g)?.length;
    }),
  );
  expect(refusals).toEqual(Array(50).fill(199));
  expect(api.streams).toEqual({ open: 50, refused: 9950, dropped: 0 });
  expect(logs.filter((line) => /no place|refused|can't answer/.test(line))).toHaveLength(1);
  for (const { response } of open) response.destroy();
  await vi.waitFor(() => expect(api.streams.open).toBe(0), soon);
});
