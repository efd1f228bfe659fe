import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ControlledSource } from "../../../../test/support/controlled-source.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { HttpRequest, HttpResponse } from "../endpoints/endpoint.ts";
import { type HealthEndpointOptions, healthEndpoint } from "../endpoints/health.ts";
import { fileSource } from "../sources/file-source.ts";
import type { FlagsOptions } from "./options.ts";

const opened: Flags[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "halyard-health-"));
});

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
  rmSync(folder, { recursive: true, force: true });
});

function make(options: FlagsOptions): Flags {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const flags = createFlags({ environment: "test", logger: silent, ...options });
  opened.push(flags);
  return flags;
}

function ask(flags: Flags, path: string, options?: HealthEndpointOptions) {
  const endpoint = healthEndpoint(flags, options);
  const { status, body } = endpoint.handle({ method: "GET", path } as HttpRequest) as HttpResponse;
  return { status, body: JSON.parse(String(body)) as Record<string, unknown> };
}

/** The status of `/` and its code, then the codes of `/live` and `/ready`. */
function states(flags: Flags): unknown[] {
  const { status, body } = ask(flags, "/");
  return [body.status, status, ask(flags, "/live").status, ask(flags, "/ready").status];
}

const HEALTHY = ["healthy", 200, 200, 200];
const DEGRADED = ["degraded", 200, 200, 200];

const become = (flags: Flags, state: readonly unknown[]): Promise<void> =>
  expect.poll(() => states(flags), { interval: 1, timeout: 5000 }).toEqual(state) as never;

describe("health", () => {
  it("is degraded by a file that is refused or gone, until it is well again", async () => {
    const file = join(folder, "features.yaml");
    writeFileSync(file, "flags: { beta: true }");
    const source = fileSource({ paths: file, debounce: 0, pollInterval: 5 });
    const flags = make({ sources: [source] });
    expect(states(flags)).toEqual(HEALTHY);
    writeFileSync(file, "flags: { beta: { percentage: 250 } }");
    await become(flags, DEGRADED);
    expect(flags.health().provider).toMatchObject({
      connected: false,
      last_error: expect.stringContaining("percentage"),
      last_error_code: "INVALID_DEFINITIONS",
    });
    expect(flags.client().enabled("beta")).toBe(true);
    rmSync(file);
    await expect
      .poll(() => flags.health().provider.last_error_code, { interval: 1, timeout: 5000 })
      .toBe("SOURCE_READ_FAILED");
    writeFileSync(file, "flags: { beta: false }");
    await become(flags, HEALTHY);
    expect(flags.health().provider).toEqual({ connected: true, latency_ms: expect.any(Number) });
  });

  it("is unhealthy, alive and not ready before the first definitions", async () => {
    const remote = new ControlledSource("remote");
    const flags = make({ sources: [remote], startTimeout: 5 });
    expect(states(flags)).toEqual(["unhealthy", 503, 200, 503]);
    await expect(flags.ready()).rejects.toMatchObject({ code: "START_TIMEOUT" });
    expect(states(flags)).toEqual(["unhealthy", 503, 200, 503]);
    remote.give({ beta: true });
    await become(flags, HEALTHY);
  });

  it("is not ready while requests wait for the rest of the definitions", async () => {
    const remote = new ControlledSource("remote");
    const flags = make({ sources: [{ flags: { beta: true } }, remote] });
    expect(states(flags)).toEqual(["degraded", 200, 200, 503]);
    remote.give({ other: true });
    await become(flags, HEALTHY);
  });

  it("is degraded while the store gives no subjects, and says why", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const store = new MemoryStore({ flags: { beta: true } });
    const read = store.readSubject.bind(store);
    const flags = make({ store });
    store.readSubject = async () => {
      throw new Error("connection refused");
    };
    for (const userId of ["a", "b"]) await flags.client({ userId }).ready();
    expect(states(flags)).toEqual(HEALTHY);
    await flags.client({ userId: "c" }).ready();
    expect(states(flags)).toEqual(DEGRADED);
    expect(flags.health().provider).toMatchObject({
      connected: false,
      last_error: "memory did not give a subject: connection refused",
      last_error_code: "STORE_READ_FAILED",
      last_error_at: expect.any(String),
    });
    store.readSubject = read;
    vi.advanceTimersByTime(1000);
    await flags.client({ userId: "d" }).ready();
    expect(states(flags)).toEqual(HEALTHY);
  });

  it("is not ready once the instance is closed, which goes on serving", async () => {
    const flags = make({ sources: [{ flags: { beta: true } }] });
    await flags.close();
    expect(states(flags)).toEqual(["healthy", 200, 200, 503]);
    expect(flags.client().enabled("beta")).toBe(true);
  });
});

describe("evaluation_stats", () => {
  it("count every read, and those that gave the caller's default", () => {
    const flags = make({ sources: [{ flags: { beta: true, n: 1 } }], overrides: { extra: "x" } });
    const client = flags.client();
    client.enabled("beta");
    client.value("n");
    client.number("n", 0);
    client.details("beta");
    client.value("extra");
    client.all();
    client.explain("beta");
    expect(flags.health().evaluation_stats).toMatchObject({
      total_evaluations: 5,
      error_rate: 0,
    });
    client.enabled("missing");
    client.enabled("n");
    client.string("extra", "");
    client.integer("extra", 0);
    client.details("missing");
    expect(flags.health().evaluation_stats).toMatchObject({
      total_evaluations: 10,
      error_rate: 0.4,
    });
  });

  it("count the same where somebody listens", () => {
    const flags = make({
      sources: [{ flags: { beta: true } }],
      hooks: { onEvaluation: () => {} },
    });
    const client = flags.client();
    client.enabled("beta");
    client.enabled("missing");
    client.details("missing");
    expect(flags.health().evaluation_stats).toMatchObject({
      total_evaluations: 3,
      error_rate: 2 / 3,
    });
  });

  it("have times from the first read on", () => {
    const flags = make({ sources: [{ flags: { beta: true } }] });
    flags.client().enabled("beta");
    const { avg_latency_ms: average, p99_latency_ms: p99 } = flags.health().evaluation_stats;
    expect(average).toBeGreaterThanOrEqual(0);
    expect(p99).toBe(average);
  });
});

describe("the endpoint", () => {
  it("has other paths where they are wanted", () => {
    const flags = make({ sources: [{ flags: { beta: true } }] });
    const options = { livePath: "/healthz", readyPath: "/readyz" };
    expect(ask(flags, "/healthz", options).body).toEqual({ status: "alive" });
    expect(ask(flags, "/readyz", options).body).toEqual({ status: "ready" });
    expect(ask(flags, "/live", options).status).toBe(404);
    expect(() => healthEndpoint(flags, { livePath: "live" })).toThrow(/"livePath" must be a path/);
  });
});
