import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { read, root } from "./readme/snippets.ts";

// Starts the two processes as a reader does, and runs what the page has them type.

const cwd = join(root, "examples/multi-tenant");
const node = ["--conditions=@halyard/source", "--import", "tsx"];
const folder = mkdtempSync(join(tmpdir(), "halyard-tenants-"));
const env = { ...process.env, PORT: "0", STORE_URL: `file:${join(folder, "flags.db")}` };

let example: ChildProcess;
let output = "";
let ports: string[] = [];

beforeAll(async () => {
  example = spawn(process.execPath, [...node, "start.ts"], { cwd, env });
  for (const stream of [example.stdout, example.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await vi.waitFor(
    () => {
      ports = [...output.matchAll(/listens on http:\/\/localhost:(\d+)/g)].map(
        ([, port = ""]) => port,
      );
      if (ports.length < 2) throw new Error(`They did not start:\n${output}`);
    },
    { timeout: 20_000, interval: 20 },
  );
});

afterAll(async () => {
  const exited = once(example, "exit");
  example.kill("SIGTERM");
  const [code] = await exited;
  rmSync(folder, { recursive: true, force: true });
  expect([code, output.match(/error/i)]).toEqual([0, null]);
});

/** What a command of the page prints. */
async function type(command: string): Promise<string> {
  const own = command
    .replace("localhost:3001", `127.0.0.1:${ports[0]}`)
    .replace("localhost:3002", `127.0.0.1:${ports[1]}`);
  const script = own.replace(
    "npm run flags --",
    `"${process.execPath}" ${node.join(" ")} flags.ts`,
  );
  const { stdout } = await promisify(execFile)("sh", ["-c", `${script} 2>&1`], { cwd, env });
  // The progress that curl shows beside a body.
  return (
    stdout
      .split("\r")
      .at(-1)
      ?.split("\n")
      .findLast((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

const page = read("examples/multi-tenant/README.md");
const steps = [...page.matchAll(/^```console\n(.*?)^```/gms)].flatMap(([, block = ""]) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...printed] = step.trimEnd().split("\n");
      return [command, printed.join("\n")] as const;
    }),
);

it("has steps", () => {
  expect(steps.length).toBeGreaterThan(10);
});

// In order: each stands on the ones before.
it.each(steps)("%s", async (command, printed) => {
  const check = async (): Promise<void> => expect(await type(command)).toContain(printed);
  // What another process has changed is seen within moments.
  if (command.startsWith("curl")) await vi.waitFor(check, { timeout: 5000, interval: 20 });
  else await check();
});

it("says who did what", async () => {
  expect(await type("npm run flags -- audit")).toMatch(
    /created {2}override {2}new-billing {2}tenant:acme$/,
  );
  expect(await type("npm run flags -- nothing || true")).toMatch(/who did what$/);
});
