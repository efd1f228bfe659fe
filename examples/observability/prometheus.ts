import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const manifest = fileURLToPath(import.meta.resolve("@halyard/exporters/package.json"));
const alerts = join(dirname(manifest), "dashboard/alerts.yaml");

/**
 * Starts Prometheus where it is installed, with the alerts; it scrapes once a second and keeps
 * nothing. Gives what ends it; `undefined` where there is none.
 */
export async function startPrometheus(
  appPort: number,
  port: number,
): Promise<(() => Promise<void>) | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "halyard-prometheus-"));
  const file = join(folder, "prometheus.yml");
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [alerts],
    scrape_configs: [
      { job_name: "observability", static_configs: [{ targets: [`127.0.0.1:${appPort}`] }] },
    ],
  };
  // JSON is YAML, too.
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(
    "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await once(child, "spawn");
  } catch {
    remove();
    return undefined;
  }
  return async () => {
    await end(child);
    remove();
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}
