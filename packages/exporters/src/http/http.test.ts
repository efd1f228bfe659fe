import { randomBytes } from "node:crypto";
import { getEventListeners } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnalyticsRecord } from "@halyard/core";
import { exporterSuite, exposure, exposures } from "@halyard/testing/exporter";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { ended, startProgram } from "../../../../test/support/program.ts";
import { TestCollector } from "../../../../test/support/servers/collector.ts";
import { type HttpExporterOptions, httpExporter } from "../http.ts";

const folder = mkdtempSync(join(tmpdir(), "halyard-letters-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A busy machine may take long for what is over at once. */
const PATIENT = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A collector, and an exporter that does not wait long. */
async function started(options: Partial<HttpExporterOptions> = {}) {
  const collector = new TestCollector();
  const url = await collector.listen();
  const exporter = httpExporter({ url, maxAttempts: 3, retryDelay: 1, ...options });
  const stop = new AbortController();
  ends.push(async () => {
    stop.abort();
    await exporter.close?.();
    await collector.close();
  });
  const send = (batch: readonly AnalyticsRecord[] = exposures(0, 2)) =>
    exporter.export(batch, stop.signal);
  return { collector, url, exporter, send, stop };
}

const eventsIn = (body: string): string[] =>
  (JSON.parse(body) as { events: unknown[] }).events.map((event) => JSON.stringify(event));

exporterSuite(
  {
    name: "HTTP",
    create: async () => {
      const collector = new TestCollector();
      const url = await collector.listen();
      const taken: string[] = [];
      return {
        open: () => httpExporter({ url, maxAttempts: 2, retryDelay: 1 }),
        read: async () => {
          if (typeof collector.answer === "object" && collector.answer.status === 204) {
            for (const { body } of collector.deliveries.splice(0)) taken.push(...eventsIn(body));
          }
          return taken;
        },
        fail: async () => {
          collector.answer = { status: 500 };
        },
        mend: async () => {
          collector.deliveries.length = 0;
          collector.answer = { status: 204 };
        },
        hang: async () => {
          collector.answer = "hang";
        },
        remove: () => collector.close(),
      };
    },
  },
  { describe, it },
);

describe("a request", () => {
  it("is a compressed POST of JSON", async () => {
    const { collector, send } = await started({ headers: { authorization: "Bearer t" } });
    await send();
    const [{ method, path, headers, body } = expect.fail()] = collector.deliveries;
    expect([method, path]).toEqual(["POST", "/"]);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "content-encoding": "gzip",
      authorization: "Bearer t",
      "webhook-id": expect.stringMatching(/^msg_[0-9a-f]{32}$/),
    });
    expect(headers).not.toHaveProperty("webhook-signature");
    expect(eventsIn(body)).toEqual(exposures(0, 2).map(({ json }) => json));
  });

  it("can be left uncompressed", async () => {
    const { collector, send } = await started({ gzip: false });
    await send();
    expect(collector.deliveries[0]?.headers).not.toHaveProperty("content-encoding");
  });

  it("is signed as Standard Webhooks has it, by each secret", async () => {
    const secrets = [0, 1].map(() => `whsec_${randomBytes(32).toString("base64")}`);
    const { collector, send } = await started({ secret: secrets });
    await send([exposure(1, { value: "ünïcode 🎉" })]);
    const [{ headers, body } = expect.fail()] = collector.deliveries;
    for (const secret of secrets) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        events: [{ id: "id-1" }],
      });
    }
    const other = new Webhook(`whsec_${randomBytes(32).toString("base64")}`);
    expect(() => other.verify(body, headers as Record<string, string>)).toThrow();
    expect(() => new Webhook(secrets[0]!).verify(`${body} `, headers as never)).toThrow();
  });

  it("goes over one connection, which is closed at the end", async () => {
    const { collector, exporter, send } = await started();
    for (let count = 0; count < 5; count++) await send();
    expect(await collector.connections()).toBe(1);
    await exporter.close?.();
    await expect.poll(() => collector.connections(), PATIENT).toBe(0);
  });

  it("leaves nothing behind on the signal", async () => {
    const { send, stop } = await started();
    for (let count = 0; count < 30; count++) await send();
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });

  it("is no larger than it should be", async () => {
    const { collector, send } = await started();
    const value = "x".repeat(20_000);
    await send(Array.from({ length: 200 }, (_, index) => exposure(index, { value })));
    expect(collector.deliveries.length).toBeGreaterThan(3);
    for (const { body } of collector.deliveries) expect(body.length).toBeLessThan(1_010_000);
  });
});

describe("an attempt that fails", () => {
  it.each([
    ["500", { status: 500 }],
    ["429", { status: 429 }],
    ["408", { status: 408 }],
    ["a reset", "reset"],
    ["no answer", "hang"],
  ] as const)("with %s is made again, with the same id", async (_name, failure) => {
    const { collector, send } = await started(failure === "hang" ? { timeout: 1000 } : {});
    collector.answer = (attempt) => (attempt < 3 ? failure : { status: 200 });
    expect(await send()).toMatchObject({ dropped: 0, setAside: 0 });
    expect(collector.deliveries).toHaveLength(3);
    expect(new Set(collector.deliveries.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(collector.deliveries.map(({ body }) => body)).size).toBe(1);
  });

  it.each([
    [400, {}],
    [401, {}],
    [410, {}],
    [413, {}],
    [301, { location: "http://127.0.0.1:1/" }],
    [307, { location: "/elsewhere" }],
  ])("with %d is not made again, nor elsewhere", async (status, headers) => {
    const { collector, send } = await started();
    collector.answer = { status, headers };
    await expect(send()).rejects.toMatchObject({
      code: "EXPORT_FAILED",
      message: `The collector answered ${status}.`,
    });
    expect(collector.deliveries.map(({ path }) => path)).toEqual(["/"]);
  });

  it("is the last after so many", async () => {
    const { collector, send } = await started();
    collector.answer = { status: 503 };
    await expect(send()).rejects.toThrow("The collector answered 503, 3 times.");
    expect(collector.deliveries).toHaveLength(3);
  });

  it("says so where nobody listens", async () => {
    const nobody = httpExporter({ url: "http://127.0.0.1:1/", maxAttempts: 1 });
    await expect(nobody.export(exposures(0, 1), new AbortController().signal)).rejects.toThrow(
      "The collector can't be reached: ECONNREFUSED.",
    );
    await nobody.close?.();
  });

  it("takes no endless answer for an end", async () => {
    const { collector, send } = await started();
    collector.answer = { status: 200, body: Buffer.alloc(10 * 1024 * 1024) };
    await send();
    expect(collector.deliveries).toHaveLength(1);
  });
});

describe("what can't be delivered", () => {
  it("is kept in a file, as lines that can be sent again", async () => {
    const path = join(folder, "dead.jsonl");
    const { collector, exporter, send } = await started({ deadLetters: { path } });
    collector.answer = { status: 500 };
    expect(await send()).toEqual({
      dropped: 0,
      setAside: 2,
      reason: "The collector answered 500, 3 times.",
    });
    await exporter.flush?.();
    expect(readFileSync(path, "utf8")).toBe(
      exposures(0, 2)
        .map(({ json }) => `${json}\n`)
        .join(""),
    );
  });

  it("is lost when the file can't be written, and it says both", async () => {
    const { collector, send } = await started({ deadLetters: { path: "/dev/full" } });
    collector.answer = { status: 400 };
    await expect(send()).rejects.toThrow(
      "The collector answered 400. /dev/full can't be written: ENOSPC",
    );
  });

  it("is kept when there is no time left", async () => {
    const path = join(folder, "late.jsonl");
    const { collector, send, stop } = await started({
      deadLetters: { path },
      retryDelay: 3_600_000,
      maxRetryDelay: 3_600_000,
    });
    collector.answer = { status: 500 };
    const sending = send();
    await expect.poll(() => collector.deliveries.length, PATIENT).toBe(1);
    stop.abort();
    expect(await sending).toMatchObject({
      setAside: 2,
      reason: expect.stringMatching(
        /^The collector (answered 500|gave no answer before the instance was closed)\.$/,
      ),
    });
  });
});

describe("a process with a collector that does not answer", () => {
  const program = (url: string, end: string): string => `
    import { createFlags } from "@halyard/server";
    import { httpExporter } from "@halyard/exporters/http";
    const f = createFlags({
      sources: [{ flags: { beta: true } }],
      analytics: { exporters: [httpExporter({ url: ${JSON.stringify(url)} })], batchSize: 1 },
    });
    f.client({ targetingKey: "ann" }).enabled("beta");
    await new Promise((resolve) => setTimeout(resolve, 100));
    ${end}
    console.log(JSON.stringify(f.analytics.stats().exporters[0]));
  `;

  it.each([
    ["ends when it is closed, in the time that it has", "await f.close({ timeout: 500 });", 0],
    ["ends when it has nothing else to do", "", 1],
  ])("%s", async (_name, end, inFlight) => {
    const { collector, url } = await started();
    collector.answer = { status: 500 };
    const { code, stdout } = await ended(await startProgram(program(url, end)));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      exported: 0,
      inFlight,
      dropped: { failed: 1 - inFlight },
    });
  });
});
