import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPromtool, startPrometheus } from "../support/servers/prometheus.ts";
import { type TestServer, withServer } from "../support/servers/server.ts";
import { alerts, queries, titles } from "./dashboard.ts";
import { READS_PER_DRIVE, type RunningServer, startServer } from "./server.ts";

const rulesTest = new URL("alerts.yaml", import.meta.url).pathname;

/** What promtool finds wrong with names that are as they are told to be. */
const KNOWN_COMPLAINTS = [
  'feature_flags_active_total non-counter metrics should not have "_total" suffix',
  'feature_flags_total non-counter metrics should not have "_total" suffix',
];

const PANELS = [
  "Evaluations per second by flag",
  "By reason",
  "Ten most read flags",
  "Latency of evaluations",
  "Histogram of evaluations",
  "Error rate",
  "Errors by type",
  "Hit ratio",
  "Size against capacity",
  "Misses per second",
  "Latency of calls, p95",
  "Failed calls per second",
  "Connected",
  "Active and inactive flags",
  "Flags",
  "Values served per second",
  "Refused per second",
  "Requests under overrides per second",
  "Events lost per second",
];

it("the dashboard has these panels, with all metrics", async () => {
  expect(titles).toEqual(PANELS);
  const server = await startServer();
  const metrics = await server.exporter.registry.getMetricsAsJSON();
  await server.stop();
  const all = queries.map(({ expression }) => expression).join("\n");
  expect(metrics.map(({ name }) => name).filter((name) => !all.includes(name))).toEqual([]);
});

withServer("Prometheus", findPromtool(), () => {
  describe("promtool", () => {
    it("has nothing to say about the metrics but what is known", async () => {
      const server = await startServer();
      await server.drive();
      const input = await server.exporter.registry.metrics();
      await server.stop();
      const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], {
        input,
        encoding: "utf8",
      });
      const said = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
      expect(said.toSorted()).toEqual(KNOWN_COMPLAINTS);
      expect(status).toBe(3);
    });

    it("accepts the alerts", () => {
      expect(execFileSync("promtool", ["check", "rules", alerts], { encoding: "utf8" })).toContain(
        "4 rules found",
      );
    });

    it("sees them fire when they should, and only then", () => {
      const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", rulesTest], {
        encoding: "utf8",
      });
      expect({ status, said: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
    });
  });

  describe("a server that Prometheus scrapes", () => {
    let server: RunningServer;
    let prometheus: TestServer;

    beforeAll(async () => {
      server = await startServer();
      prometheus = await startPrometheus({ target: server.target, rules: [alerts] });
    }, 60_000);

    afterAll(async () => {
      await prometheus?.stop();
      await server?.stop();
    });

    interface Sample {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }

    async function ask(expression: string): Promise<readonly Sample[]> {
      const url = `${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const answer = (await (await fetch(url)).json()) as {
        readonly status: string;
        readonly error?: string;
        readonly data: { readonly result: readonly Sample[] };
      };
      if (answer.status !== "success") throw new Error(`${expression}: ${answer.error}`);
      return answer.data.result;
    }

    /** Of an operation without calls just now, a quantile is no number. */
    const isAnswer = (samples: readonly Sample[]): boolean =>
      samples.some(({ value }) => Number.isFinite(Number(value[1])));

    it("answers every query of the dashboard", { timeout: 60_000 }, async () => {
      let open = queries;
      // Rates need traffic that goes on, and more than one scrape.
      await expect
        .poll(
          async () => {
            await server.drive();
            const answers = await Promise.all(open.map(({ expression }) => ask(expression)));
            open = open.filter((_, index) => !isAnswer(answers[index] ?? []));
            return open;
          },
          { interval: 50, timeout: 50_000 },
        )
        .toEqual([]);
    });

    it("counts exactly what was read", { timeout: 60_000 }, async () => {
      const total = server.flags.health().evaluation_stats.total_evaluations;
      expect(total % READS_PER_DRIVE).toBe(0);
      await expect
        .poll(async () => Number((await ask("sum(feature_flags_evaluation_total)"))[0]?.value[1]), {
          interval: 50,
          timeout: 30_000,
        })
        .toBe(total);
      const errors = await ask("sum by (flag_key) (feature_flags_evaluation_errors_total)");
      expect(errors).toMatchObject([{ metric: { flag_key: "missing" } }]);
      expect(Number(errors[0]?.value[1])).toBe(total / 5);
    });

    it("has the alerts, all of them well", async () => {
      const answer = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as {
        data: { groups: { rules: { name: string; lastError?: string }[] }[] };
      };
      const rules = answer.data.groups.flatMap((group) => group.rules);
      expect(rules.map(({ name }) => name)).toEqual([
        "FeatureFlagErrors",
        "FeatureFlagLatency",
        "FeatureFlagProviderErrors",
        "FeatureFlagCacheMisses",
      ]);
      expect(rules.filter(({ lastError }) => lastError !== undefined)).toEqual([]);
    });
  });
});
