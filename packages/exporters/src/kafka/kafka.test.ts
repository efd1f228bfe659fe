import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { exporterSuite, exposure } from "@halyard/testing/exporter";
import { Kafka, logLevel, type Producer } from "kafkajs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startKafka } from "../../../../test/support/servers/kafka.ts";
import { withServer } from "../../../../test/support/servers/server.ts";
import { type KafkaMessage, kafkaExporter } from "../kafka.ts";

// A busy machine may take long for what is over at once.
vi.setConfig({ testTimeout: 30_000 });

withServer("Kafka's protocol (kcat)", await startKafka(), ({ url }) => {
  const kafka = new Kafka({
    brokers: [url],
    logLevel: logLevel.NOTHING,
    retry: { retries: 3, initialRetryTime: 50 },
  });
  let producer: Producer;
  beforeAll(async () => {
    producer = kafka.producer({ allowAutoTopicCreation: true });
    await producer.connect();
  });
  afterAll(() => producer.disconnect());

  /** A topic of its own, and what another program reads of it. */
  async function topicOf(format = "%s") {
    const topic = `events-${randomBytes(6).toString("hex")}`;
    // The topic is made by being asked for.
    await producer.send({ topic, messages: [{ value: "seed" }] });
    const args = [
      "-C",
      "-u",
      "-q",
      "-b",
      url,
      "-t",
      topic,
      "-o",
      "beginning",
      "-f",
      `${format}\\n`,
    ];
    const reader = spawn("kcat", [...args, "-X", "fetch.wait.max.ms=20"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    reader.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    return {
      topic,
      lines: () => text.split("\n").filter((line) => line !== "" && !line.includes("seed")),
      remove: async () => {
        const ended = once(reader, "exit");
        reader.kill("SIGKILL");
        await ended;
      },
    };
  }

  exporterSuite(
    {
      name: "Kafka by kafkajs",
      create: async () => {
        const { topic, lines, remove } = await topicOf();
        return {
          open: () => kafkaExporter({ producer, topic }),
          read: async () => lines(),
          fail: () => producer.disconnect(),
          mend: () => producer.connect(),
          remove,
        };
      },
    },
    { describe, it },
  );

  it("sends the user's key, the event's id and its time", async () => {
    const { topic, lines, remove } = await topicOf("%k|%T|%h|%s");
    const exporter = kafkaExporter({ producer, topic });
    const record = exposure(1, { user_key: "Ann" });
    await exporter.export([record], new AbortController().signal);
    await vi.waitFor(() => expect(lines()).toHaveLength(1), 20_000);
    const time = Date.parse(record.event.timestamp);
    expect(lines()).toEqual([`Ann|${time}|event-id=id-1,event-type=exposure|${record.json}`]);
    await remove();
  });
});

describe("a producer of any kind", () => {
  it("gets no more at once than brokers take, and what was sent counts", async () => {
    const sizes: number[] = [];
    const producer = {
      send: async ({ messages }: { messages: KafkaMessage[] }) => {
        sizes.push(messages.reduce((sum, { value }) => sum + value.length, 0));
        if (sizes.length === 3) throw new Error("the third fails");
      },
    };
    const value = "x".repeat(10_000);
    const batch = Array.from({ length: 200 }, (_, index) => exposure(index, { value }));
    const exporter = kafkaExporter({ producer, topic: "events" });
    const outcome = await exporter.export(batch, new AbortController().signal);
    expect(Math.max(...sizes)).toBeLessThan(250_000);
    expect(sizes).toHaveLength(3);
    expect(outcome).toEqual({
      dropped: expect.any(Number),
      reason: "The producer could not send: the third fails",
    });
    expect(outcome?.dropped).toBeGreaterThan(100);
  });
});

it.each([
  [undefined, "producer"],
  [{ topic: "a" }, "producer"],
  [{ producer: { send() {} } }, "topic"],
  [{ producer: {}, topic: "a" }, "producer"],
  [{ producer: { send() {} }, topic: "a", partition: 1 }, "partition"],
])("refuses %j", (options, named) => {
  expect(() => kafkaExporter(options as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(named) }),
  );
});
