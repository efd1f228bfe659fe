import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectLines } from "./readme/lines.ts";
import { root, snippetsOf } from "./readme/snippets.ts";

// Starts the Express example as a reader does, and types the commands of its page, in order.

const cwd = join(root, "examples/express");
const folder = mkdtempSync(join(tmpdir(), "halyard-walk-"));
const env = { ...process.env, PORT: "0", STORE_PATH: join(folder, "flags.db"), NO_COLOR: "1" };

let example: ChildProcess;
let origin = "";

async function start(): Promise<void> {
  const args = ["--conditions=@halyard/source", "--import", "tsx", "server.ts"];
  example = spawn(process.execPath, args, { cwd, env });
  let output = "";
  for (const stream of [example.stdout, example.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await vi.waitFor(
    () => {
      origin = /Listening on (http:\/\/localhost:\d+)\./.exec(output)?.[1] ?? "";
      if (origin === "") throw new Error(`It did not start:\n${output}`);
    },
    { timeout: 20_000, interval: 20 },
  );
}

async function stop(): Promise<void> {
  const exited = once(example, "exit");
  example.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
}

let heard = "";

beforeAll(async () => {
  await start();
  get(`${origin}/admin/flags/events`, (response) => {
    response.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
  });
  await vi.waitFor(() => expect(heard).toContain("event: resync"));
});

afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Variables of the reader's shell. */
const shell: Record<string, string> = {};

/** What a command of the page prints. What it assigns is there for those that follow. */
async function type(command: string): Promise<string> {
  const name = /^(\w+)=/.exec(command)?.[1];
  const script = command.replaceAll("http://localhost:3000", origin);
  const { stdout } = await promisify(execFile)(
    "sh",
    ["-c", name === undefined ? script : `${script}; printf %s "$${name}"`],
    { cwd: folder, env: { ...process.env, ...shell } },
  );
  if (name === undefined) return stdout;
  shell[name] = stdout;
  return "";
}

const steps = snippetsOf("examples/express/README.md")
  .filter(({ language }) => language === "console")
  .flatMap(({ code }) => code.split(/^\$ /m).slice(1))
  .map((step) => {
    // A line that ends in a backslash goes on in the next.
    const [command = "", ...printed] = step
      .trimEnd()
      .replaceAll(/\\\n\s*/g, "")
      .split("\n");
    return [command, printed.join("\n")] as const;
  });

describe("the page of the Express example", () => {
  it("has steps", () => expect(steps.length).toBeGreaterThan(20));

  // In order: each stands on the ones before.
  it.each(steps)("%s", async (command, printed) => expectLines(await type(command), printed));

  it("who listens has heard of each change", () => {
    const changes = [...heard.matchAll(/"changes":\[\{"what":"(\w+)","key":"new-invoices"/g)];
    const overrides = ["override", "override", "flag", "override"];
    expect(changes.map(([, what]) => what)).toEqual(["flag", "flag", ...overrides]);
  });

  it("all of it is there after a restart", async () => {
    await stop();
    await start();
    const [command, printed] = steps.at(-1)!;
    expectLines(await type(command), printed);
  });
});
