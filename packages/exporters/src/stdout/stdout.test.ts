import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { exporterSuite, exposures } from "@halyard/testing/exporter";
import { describe, expect, it, vi } from "vitest";
import { ended, startProgram } from "../../../../test/support/program.ts";
import { stdoutExporter } from "../stdout.ts";

// A busy machine may take long for what is over at once.
vi.setConfig({ testTimeout: 30_000 });

/** A stream of the operating system's, with a limited buffer, and its other end. */
async function pipe() {
  const server = createServer().listen(0, "127.0.0.1");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await once(server, "listening");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = await accepted;
  server.close();
  return { near, far };
}

exporterSuite(
  {
    name: "standard output",
    create: async () => {
      const { near, far } = await pipe();
      let text = "";
      far.setEncoding("utf8").on("data", (data: string) => {
        text += data;
      });
      return {
        open: () => stdoutExporter({ stream: near }),
        read: async () => text.split("\n").slice(0, -1),
        hang: async () => void far.pause(),
        remove: async () => {
          near.destroy();
          far.destroy();
        },
      };
    },
  },
  { describe, it },
);

/** A process that writes events to its standard output, and says on its standard error how it went. */
function writer(events: number) {
  const program = `
    import { createFlags } from "@halyard/server";
    import { stdoutExporter } from "@halyard/exporters/stdout";
    const f = createFlags({
      sources: [{ flags: { beta: true } }],
      analytics: { exporters: [stdoutExporter()] },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    for (let i = 0; i < ${events}; i++) {
      f.client({ targetingKey: "user-" + i }).enabled("beta");
      if (i % 1000 === 0) await f.analytics.flush();
    }
    await f.close();
    const [{ exported, dropped }] = f.analytics.stats().exporters;
    console.error(JSON.stringify({ exported, dropped }));
  `;
  return startProgram(program);
}

describe("standard output of a process", { timeout: 30_000 }, () => {
  it("has every event when the process has ended by itself", async () => {
    const { code, stdout } = await ended(await writer(5000));
    expect(code).toBe(0);
    const keys = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { user_key: string }).user_key);
    expect(new Set(keys).size).toBe(5000);
    expect(keys).toHaveLength(5000);
  });

  it("that nobody reads any more ends no process", async () => {
    const child = await writer(20_000);
    const ending = ended(child);
    await once(child.stdout, "data");
    child.stdout.destroy();
    const { code, stderr } = await ending;
    expect(stderr).toContain('"failed":');
    expect(code).toBe(0);
    const { exported, dropped } = JSON.parse(stderr.slice(stderr.indexOf("{"))) as {
      exported: number;
      dropped: { failed: number };
    };
    expect(dropped.failed).toBeGreaterThan(0);
    expect(exported + dropped.failed).toBe(20_000);
  });
});

it("leaves no listeners behind", async () => {
  const { near, far } = await pipe();
  far.resume();
  const before = near.listenerCount("error");
  const exporter = stdoutExporter({ stream: near });
  const { signal } = new AbortController();
  for (let from = 0; from < 50; from++) {
    await exporter.export(exposures(from, from + 1), signal);
    expect(near.listenerCount("error")).toBeLessThanOrEqual(before + 1);
  }
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(near.listenerCount("error")).toBe(before);
  near.destroy();
  far.destroy();
});

it.each([
  [{ streams: 1 }, "streams"],
  [{ stream: {} }, "stream"],
  [{ name: "" }, "name"],
])("refuses %j", (options, named) => {
  expect(() => stdoutExporter(options as never)).toThrow(named);
});
