import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestServer } from "./server.ts";

/** A broker for tests that speaks Kafka's protocol: that of librdkafka, which `kcat` has in it. */
export async function startKafka(): Promise<TestServer | Error> {
  const mock = ["-X", "test.mock.num.brokers=1", "-d", "mock"];
  const child = spawn("kcat", ["-C", "-q", "-t", "seed", "-b", "ignored:1", ...mock], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const url = await address(child);
    const stop = async (): Promise<void> => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    };
    return { url, restart: undefined, stop };
  } catch (error) {
    return error as Error;
  }
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-10_000);
      const [, servers] = /bootstrap\.servers=([\w.:]+)/.exec(said) ?? [];
      if (servers !== undefined) resolve(servers);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`kcat ended with ${code}:\n${said}`)));
  });
}
