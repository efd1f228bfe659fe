import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import type { TestServer } from "./server.ts";

export interface PrometheusOptions {
  /** Host and port of what is scraped, at `/metrics`. */
  readonly target: string;
  /** Files of rules. */
  readonly rules: readonly string[];
}

/** Whether Prometheus and promtool are installed: Debian's package `prometheus` brings both. */
export function findPromtool(): TestServer | Error {
  try {
    for (const program of ["promtool", "prometheus"]) execFileSync(program, ["--version"]);
    return { url: "", restart: undefined, stop: async () => {} };
  } catch (error) {
    return error as Error;
  }
}

/** Prometheus started here, which scrapes five times a second and keeps nothing. */
export async function startPrometheus({ target, rules }: PrometheusOptions): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "halyard-prometheus-"));
  const port = await freePort();
  const config = {
    global: { scrape_interval: "200ms", scrape_timeout: "200ms", evaluation_interval: "1s" },
    rule_files: rules,
    scrape_configs: [{ job_name: "app", static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML, too.
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, JSON.stringify(config));
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + 30_000; ; ) {
    if (await isReady(url)) return { url, restart: undefined, stop };
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`Prometheus did not start:\n${said.join("")}`);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}
