import type { AnalyticsExporter, AnalyticsRecord } from "@halyard/core";
import { checkFields, isFunction, isObject, TEXT } from "@halyard/server/adapter";
import { sendInChunks } from "../shared/chunks.ts";
import { requireOption } from "../shared/options.ts";

export interface KafkaMessage {
  /** The user's: all events of one subject are in one partition, in order. */
  readonly key: string;
  /** The event as JSON. */
  readonly value: string;
  /** Epoch milliseconds. */
  readonly timestamp: string;
  readonly headers: { readonly "event-id": string; readonly "event-type": string };
}

/** What is used of a producer, such as that of kafkajs. */
export interface KafkaProducer {
  send(record: { topic: string; messages: KafkaMessage[] }): Promise<unknown>;
}

export interface KafkaExporterOptions {
  /** Yours: connect it before, and disconnect it after the instance is closed. */
  readonly producer: KafkaProducer;
  readonly topic: string;
  /** Default `kafka`. */
  readonly name?: string | undefined;
}

/** Characters of one request: brokers take a megabyte, unless they are told otherwise. */
const MAX_REQUEST = 250_000;

/** Sends each event as a message. Trying again is the producer's task. */
export function kafkaExporter(options: KafkaExporterOptions): AnalyticsExporter {
  requireOption("kafkaExporter", "producer", options);
  requireOption("kafkaExporter", "topic", options);
  checkFields<KafkaExporterOptions>("kafkaExporter.", options, {
    producer: {
      expected: "a producer with the function send, such as that of kafkajs",
      accepts: (value) => isObject(value) && isFunction((value as Partial<KafkaProducer>).send),
    },
    topic: TEXT,
    name: TEXT,
  });
  const { producer, topic, name = "kafka" } = options;
  return {
    name,
    export: (batch: readonly AnalyticsRecord[], signal: AbortSignal) =>
      sendInChunks(batch, {
        maxLength: MAX_REQUEST,
        signal,
        failure: "The producer could not send",
        send: (chunk) => producer.send({ topic, messages: chunk.map(messageOf) }),
      }),
  };
}

function messageOf({ event, json }: AnalyticsRecord): KafkaMessage {
  return {
    key: event.user_key,
    value: json,
    timestamp: String(Date.parse(event.timestamp)),
    headers: { "event-id": event.id, "event-type": event.type },
  };
}
