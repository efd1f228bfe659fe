import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { expectLines } from "../readme/lines.ts";
import { read, root } from "../readme/snippets.ts";
import { freePort } from "../support/servers/ports.ts";
import { findPromtool } from "../support/servers/prometheus.ts";
import { withServer } from "../support/servers/server.ts";

// Starts the example as a reader does, and runs what its page has them type.

const cwd = join(root, "examples/observability");
const node = ["--import", "tsx"];
const prometheus = findPromtool();

const folder = mkdtempSync(join(tmpdir(), "halyard-observability-"));

let example: ChildProcess;
let output = "";
let port = "";
let prometheusPort = 0;

beforeAll(async () => {
  prometheusPort = await freePort();
  const env = {
    ...process.env,
    PORT: "0",
    PROMETHEUS_PORT: String(prometheusPort),
    EVENTS: join(folder, "events.jsonl"),
  };
  const args = ["--conditions=@halyard/source", ...node, "server.ts"];
  example = spawn(process.execPath, args, { cwd, env });
  for (const stream of [example.stdout, example.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await vi.waitFor(
    () => {
      port = /Listening on http:\/\/localhost:(\d+)/.exec(output)?.[1] ?? "";
      if (port === "") throw new Error(`It did not start:\n${output}`);
    },
    { timeout: 20_000, interval: 20 },
  );
});

afterAll(async () => {
  const exited = once(example, "exit");
  example.kill("SIGTERM");
  const [code] = await exited;
  rmSync(folder, { recursive: true, force: true });
  expect(code).toBe(0);
});

/** What a command of the page prints. */
async function type(command: string): Promise<string> {
  const script = command
    .replace("localhost:3000", `127.0.0.1:${port}`)
    .replace("localhost:9090", `127.0.0.1:${prometheusPort}`)
    .replace(" events.jsonl", ` "${join(folder, "events.jsonl")}"`)
    .replace("npm run traffic", `"${process.execPath}" ${node.join(" ")} traffic.ts`);
  const env = { ...process.env, PORT: port };
  return (await promisify(execFile)("sh", ["-c", script], { cwd, env })).stdout;
}

const page = read("examples/observability/README.md");
const blocks = [...page.matchAll(/^```(console|text)\n(.*?)^```/gms)].map(
  ([, language = "", block = ""]) => [language, block.trimEnd()] as const,
);
const steps = blocks.flatMap(([language, block]) => {
  if (language === "text") return [["the server prints", block] as const];
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...printed] = step.trimEnd().split("\n");
      return [command, printed.join("\n")] as const;
    });
});

const isOfPrometheus = (command: string): boolean => command.includes("localhost:9090");

it("has steps, of Prometheus, too", () => {
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.filter(([command]) => isOfPrometheus(command))).toHaveLength(3);
  const isThere = !(prometheus instanceof Error);
  const said = isThere ? `http://localhost:${prometheusPort}` : "is not installed";
  expect(output).toContain(said);
});

function declare([command, printed]: readonly [string, string]): void {
  const isOfServer = command === "the server prints";
  it(command, { timeout: 30_000 }, async () => {
    const check = async (): Promise<void> =>
      expectLines(isOfServer ? output : await type(command), printed);
    // Prometheus scrapes once a second, events wait for others, and spans end behind the answer.
    if (isOfServer || isOfPrometheus(command) || command.startsWith("tail")) {
      await vi.waitFor(check, { timeout: 20_000, interval: 100 });
    } else await check();
  });
}

// In order: each stands on the ones before.
for (const step of steps) if (!isOfPrometheus(step[0])) declare(step);

withServer("Prometheus", prometheus, () => {
  for (const step of steps) if (isOfPrometheus(step[0])) declare(step);
});
