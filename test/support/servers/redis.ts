import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { namedServer, type TestServer } from "./server.ts";

/** Redis of `REDIS_URL`, else started here. */
export async function findRedis(): Promise<TestServer | Error> {
  return namedServer("REDIS_URL") ?? startRedis();
}

/** The `redis-server` on the path, with what it has kept on disk; `settings` are its arguments. */
export async function startRedis(settings: readonly string[] = []): Promise<TestServer | Error> {
  const folder = mkdtempSync(join(tmpdir(), "halyard-redis-"));
  const port = await freePort();
  const keep = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const args = ["--port", String(port), "--bind", "127.0.0.1", ...keep, ...settings];
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    await ready(server);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  };
  try {
    await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return error as Error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async () => {
      await end("SIGKILL");
      await start();
    },
    stop: async () => {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (/ready to accept connections/i.test(said)) resolve();
    });
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`redis-server ended with ${code}:\n${said}`)));
  });
}
