// The process of one way to count or to tell: reads when it is told to, and answers what a read took.
import { compileSnapshot, FlagClient, loadDocument, runToEnd } from "@halyard/core";
import { prometheus } from "@halyard/exporters/prometheus";
import { createFlags, type Metrics } from "@halyard/server";
import type { FlagsInstance } from "@halyard/server/adapter";
import { contextOf, definition } from "../read/contestants/halyard.ts";
import { benchFlags, KEYS, user } from "../read/flags.ts";

const document = {
  flags: Object.fromEntries(benchFlags().map((flag) => [flag.key, definition(flag)])),
};

/** Every read is a call: what an exporter gets that does not take series. */
const calls: Metrics = {
  recordEvaluation() {},
  recordError() {},
  recordCacheHit() {},
  recordCacheMiss() {},
  recordProviderLatency() {},
  recordProviderError() {},
};

function withMetrics(exporter: Metrics | undefined, perFlag: boolean): FlagClient {
  const instance = createFlags({
    sources: [document as never],
    environment: "production",
    metrics: { exporter, perFlag },
  });
  return instance.client(contextOf(user));
}

/** Who was served what, by a client outside of requests: each read looks whether it was told. */
function withAnalytics(): FlagClient {
  const instance = createFlags({
    sources: [document as never],
    environment: "production",
    analytics: { exporters: [{ name: "nowhere", export: async () => {} }] },
  });
  return instance.client(contextOf(user));
}

const WAYS: Readonly<Record<string, () => FlagClient>> = {
  /** The core alone, in which nothing counts. */
  uncounted: () => {
    const snapshot = runToEnd(compileSnapshot(loadDocument(document)));
    return new FlagClient({ snapshot, defaultEnabled: false, track() {} }, contextOf(user));
  },
  /** An instance as it is: reads are counted for its health. */
  health: () => withMetrics(undefined, false),
  prometheus: () => withMetrics(prometheus(), false),
  "prometheus, per flag": () => withMetrics(prometheus(), true),
  /** Reads by flag, route and value, for `usage()`; of one request. */
  usage: () => {
    const sources = [document as never];
    const instance = createFlags({
      sources,
      environment: "production",
      usage: true,
    }) as FlagsInstance;
    const place = { method: "GET", pattern: "/", mounted: false };
    return instance.clientFor(
      contextOf(user),
      instance.readCounter?.recorder(() => place),
    );
  },
  "calls, per flag": () => withMetrics(calls, true),
  analytics: withAnalytics,
};

const client = (WAYS[process.argv[2] ?? ""] as () => FlagClient)();
const many = Object.keys(document.flags).filter((key) => key.startsWith("on-"));
const READS: Readonly<Record<string, (index: number) => unknown>> = {
  on: () => client.enabled(KEYS.on),
  rule: () => client.enabled(KEYS.rule),
  "one of 143 flags": (index) => client.enabled(many[index % many.length] as string),
  unknown: () => client.enabled("missing", false),
};

const loops = Object.entries(READS).map(([name, read]) => {
  const body =
    "return (count) => { let absent = 0; for (let i = 0; i < count; i++) if (read(i) === undefined) absent++; return absent; };";
  return [name, new Function("read", body)(read) as (count: number) => number] as const;
});

const COUNT = 1_000_000;

/** Nanoseconds a read, of the processor. */
function sample(loop: (count: number) => number): number {
  const before = process.cpuUsage();
  loop(COUNT);
  const { user: own, system } = process.cpuUsage(before);
  return ((own + system) * 1000) / COUNT;
}

for (const [, loop] of loops) for (let round = 0; round < 5; round++) sample(loop);
process.on("message", () => {
  process.send?.(Object.fromEntries(loops.map(([name, loop]) => [name, sample(loop)])));
});
process.send?.(Object.keys(WAYS));
