import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFlags } from "@halyard/server";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { TestCollector } from "../../../../test/support/servers/collector.ts";
import { httpExporter } from "../http.ts";
import { backoff, retryAfter } from "./retry.ts";

// A busy machine may take long for what is over at once.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "halyard-outage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.useRealTimers();
});

/** Lets sockets have their turn, while timers are told what time it is. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

it("a collector that answers 500 for an hour costs no read, and no more memory than is allowed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  vi.setSystemTime(Date.UTC(2027, 0, 1));
  const collector = new TestCollector();
  const url = await collector.listen();
  collector.answer = { status: 500 };
  const path = join(folder, "dead.jsonl");
  const logged: string[] = [];
  const f = createFlags({
    sources: [{ flags: { beta: true } }],
    analytics: {
      exporters: [httpExporter({ url, deadLetters: { path } })],
      maxQueue: 2000,
      batchSize: 100,
    },
    logger: { debug() {}, info() {}, warn: (text) => void logged.push(text), error() {} },
  });
  let user = 0;
  const MINUTES = 60;
  for (let step = 0; step < MINUTES * 6; step++) {
    for (let count = 0; count < 20; count++) {
      user++;
      expect(f.client({ targetingKey: `user-${user}` }).enabled("beta")).toBe(true);
    }
    await pass(10);
    const { queued, exporters } = f.analytics.stats();
    const [{ queued: waiting, inFlight } = expect.fail()] = exporters;
    expect(queued + waiting + inFlight).toBeLessThanOrEqual(2000);
  }
  const [{ exported, setAside, dropped, lastError } = expect.fail()] =
    f.analytics.stats().exporters;
  expect(exported).toBe(0);
  expect(setAside).toBeGreaterThan(0);
  expect(dropped.queueFull).toBeGreaterThan(0);
  // On a machine that is busy, an answer may come too late by this clock.
  expect(lastError).toMatch(
    /^The collector (answered 500|can't be reached: no answer.*), 8 times\.$/,
  );
  // About eight attempts in two minutes, not one per event.
  expect(collector.deliveries.length).toBeLessThan(MINUTES * 8);
  // Told once a minute at most, of each kind.
  expect(logged.length).toBeLessThanOrEqual(2 * MINUTES);

  // It comes back, and takes what waits.
  collector.answer = { status: 204 };
  collector.deliveries.length = 0;
  while (f.analytics.stats().exporters[0]?.exported === 0) await pass(10);
  vi.useRealTimers();
  await f.close();
  const after = f.analytics.stats().exporters[0]!;
  expect(after.exported).toBeGreaterThan(1000);
  expect(after.lastError).toBeUndefined();
  const { setAside: kept, dropped: lost } = after;
  expect(after.exported + kept + lost.queueFull + lost.failed + lost.closed).toBe(user);
  expect(readFileSync(path, "utf8").split("\n")).toHaveLength(kept + 1);
  await collector.close();
});

it("an instance that is closed meanwhile keeps all of what waits", async () => {
  const collector = new TestCollector();
  collector.answer = { status: 503, headers: { "retry-after": "3600" } };
  const path = join(folder, "closed.jsonl");
  const f = createFlags({
    sources: [{ flags: { beta: true } }],
    analytics: {
      exporters: [httpExporter({ url: await collector.listen(), deadLetters: { path } })],
      batchSize: 10,
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const keys = Array.from({ length: 35 }, (_, index) => `user-${index}`);
  for (const targetingKey of keys) f.client({ targetingKey }).enabled("beta");
  await f.close({ timeout: 4000 });
  const [stats] = f.analytics.stats().exporters;
  expect(stats).toMatchObject({ setAside: 35, queued: 0, dropped: { failed: 0, closed: 0 } });
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  expect(lines.map((json) => JSON.parse(json).user_key)).toEqual(keys);
  await collector.close();
});

it("waits as long as the collector asks, and at most an hour", async () => {
  const now = Date.UTC(2027, 0, 1);
  expect(retryAfter("120", now)).toBe(120_000);
  expect(retryAfter(new Date(now + 5000).toUTCString(), now)).toBe(5000);
  expect(retryAfter(new Date(now - 5000).toUTCString(), now)).toBe(0);
  expect(retryAfter("999999999999", now)).toBe(3_600_000);
  for (const nonsense of [undefined, "", "soon", "-1", "1e3"]) {
    expect(retryAfter(nonsense, now)).toBeGreaterThanOrEqual(0);
    expect(retryAfter(nonsense, now)).toBeLessThanOrEqual(3_600_000);
  }

  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const collector = new TestCollector();
  collector.answer = (attempt) =>
    attempt === 1 ? { status: 429, headers: { "retry-after": "120" } } : { status: 204 };
  const exporter = httpExporter({ url: await collector.listen() });
  const start = Date.now();
  const record = { event: { id: "1" } as never, json: "{}" };
  const waiting = exporter.export([record], new AbortController().signal);
  while (collector.deliveries.length < 2) await pass(1);
  expect(Date.now() - start).toBeGreaterThanOrEqual(120_000);
  await waiting;
  await exporter.close?.();
  await collector.close();
});

it("waits longer with each attempt, and not all processes alike", () => {
  for (let attempt = 1; attempt < 20; attempt++) {
    const most = Math.min(60_000, 1000 * 2 ** (attempt - 1));
    const delays = Array.from({ length: 50 }, () => backoff(attempt, 1000, 60_000));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(most / 2);
    expect(Math.max(...delays)).toBeLessThanOrEqual(most);
    expect(new Set(delays).size).toBeGreaterThan(10);
  }
});
