import { defineFlags, type EvaluationSeries, type Metrics } from "@halyard/core";
import { afterEach, expect, it } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import { EvaluationCounter } from "./evaluation-counter.ts";
import { KeyCap } from "./key-cap.ts";

const definitions = defineFlags({
  beta: true,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
});

const opened: Flags[] = [];
let logged: string[] = [];

afterEach(async () => {
  logged = [];
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(exporter: Metrics, perFlag = true): Flags {
  const log = (message: string): void => void logged.push(message);
  const flags = createFlags({
    sources: [definitions],
    environment: "test",
    logger: { debug() {}, info() {}, warn: log, error: log },
    metrics: { exporter, perFlag },
  });
  opened.push(flags);
  return flags;
}

/** An exporter of an application's own: it is called for everything, and does what it likes. */
function calling(answer: (method: string, given: unknown) => void): Metrics {
  const method = (name: string) => (given: unknown) => answer(name, given);
  return {
    recordEvaluation: method("recordEvaluation"),
    recordError: method("recordError"),
    recordCacheHit: method("recordCacheHit"),
    recordCacheMiss: method("recordCacheMiss"),
    recordProviderLatency: method("recordProviderLatency"),
    recordProviderError: method("recordProviderError"),
  };
}

it("calls an exporter that takes no series for every read, with times of some", () => {
  const calls: unknown[] = [];
  const client = make(calling((...call) => calls.push(call))).client();
  client.enabled("beta");
  client.value("layout");
  client.enabled("missing" as never);
  const duration = expect.any(Number);
  expect(calls).toEqual([
    ["recordProviderLatency", { provider: "code", operation: "read", duration }],
    ["recordEvaluation", { key: "beta", reason: "STATIC", value: "true", duration }],
    ["recordEvaluation", { key: "layout", reason: "STATIC", value: "wide", duration: undefined }],
    ["recordEvaluation", { key: "missing", reason: "ERROR", value: "", duration: undefined }],
    ["recordError", { key: "missing", type: "FLAG_NOT_FOUND" }],
  ]);
});

it("gives no keys unless they are asked for", () => {
  const calls: unknown[] = [];
  const exporter = calling((method, given) => {
    if (method === "recordEvaluation" || method === "recordError") calls.push(given);
  });
  make(exporter, false)
    .client()
    .enabled("missing" as never);
  expect(calls).toMatchObject([{ key: undefined }, { key: undefined }]);
});

it.each([false, true])("breaks nothing when an exporter throws, with series: %s", (withSeries) => {
  const fail = (): never => {
    throw new Error("the exporter is broken");
  };
  const series = { add: fail, timed: fail };
  const client = make({ ...calling(fail), ...(withSeries ? { series } : {}) }).client();
  for (let round = 0; round < 1000; round++) {
    expect(client.enabled("beta")).toBe(true);
    expect(client.enabled("missing" as never, true)).toBe(true);
  }
  expect(logged.length).toBeGreaterThan(0);
  expect(logged.length).toBeLessThanOrEqual(2);
  expect(logged[0]).toContain("the exporter is broken");
});

it("makes only so many series, whatever is read", () => {
  const added: EvaluationSeries[] = [];
  const counter = new EvaluationCounter(
    { added: (series) => added.push(series), timed() {} },
    { perFlag: true, keys: new KeyCap(100), maxKeys: 100 },
  );
  const plain = { reason: "STATIC", errorCode: undefined } as const;
  for (let index = 0; index < 100_000; index++) {
    const variant = `variant-${index}`;
    counter.evaluated({ ...plain, flagKey: `flag-${index % 50}`, variant } as never);
    const flagKey = `crawled-${index}`;
    counter.evaluated({ reason: "ERROR", errorCode: "FLAG_NOT_FOUND", flagKey } as never);
  }
  expect(added.length).toBeLessThan(1100);
  expect(added.reduce((sum, { count }) => sum + count, 0)).toBe(200_000);
});
