import { defineFlags, FlagClient, MemoryStore } from "@halyard/core";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLogs } from "../../../../test/support/telemetry.ts";
import { createFlags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { OTHER } from "./key-cap.ts";
import type { TelemetryOptions } from "./options.ts";
import { DROPPED } from "./span-recorder.ts";
import { SUBJECT_SPAN } from "./telemetry.ts";

const definitions = defineFlags({
  beta: true,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  price: { type: "number", default: 9.5 },
});

const endings: (() => unknown)[] = [];
let spans: InMemorySpanExporter;
let logs: ReturnType<typeof startLogs>;
let logged: string[];

beforeEach(() => {
  spans = new InMemorySpanExporter();
  logged = [];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  logs = startLogs();
  endings.push(
    logs.end,
    () => trace.disable(),
    () => context.disable(),
  );
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

function make(telemetry: TelemetryOptions, options: FlagsOptions = {}): FlagsInstance {
  const log = (message: string): void => void logged.push(message);
  const flags = createFlags({
    sources: [definitions],
    environment: "test",
    logger: { debug() {}, info() {}, warn: log, error: log },
    telemetry,
    ...options,
  }) as FlagsInstance;
  endings.push(() => flags.close());
  return flags;
}

/** Reads flags in a request of its own, with a span that is active. */
function inRequest(
  flags: FlagsInstance,
  read: (client: FlagClient) => void,
  id: unknown = "ann",
): void {
  trace.getTracer("test").startActiveSpan("request", (span) => {
    const subject = { knownKey: () => id };
    read(flags.clientFor({}, flags.telemetry.requestRecorder(subject)));
    span.end();
  });
}

const request = () => spans.getFinishedSpans().find(({ name }) => name === "request")!;
const names = () => spans.getFinishedSpans().map(({ name }) => name);

describe("spanEvent", () => {
  it("is an event on the active span, once per flag and result, up to a limit", () => {
    inRequest(make({ signal: "spanEvent", maxSpans: 2 }), (client) => {
      for (let round = 0; round < 3; round++) {
        client.enabled("beta");
        client.value("layout");
        client.value("price");
      }
    });
    expect(names()).toEqual(["request"]);
    expect(request().events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        conventions.EVENT_FEATURE_FLAG_EVALUATION,
        expect.objectContaining({ "feature_flag.key": "beta" }),
      ],
      [
        conventions.EVENT_FEATURE_FLAG_EVALUATION,
        expect.objectContaining({ "feature_flag.key": "layout" }),
      ],
    ]);
    expect(request().attributes).toEqual({ [DROPPED]: 1 });
  });

  it("goes with spans", () => {
    inRequest(make({ signal: ["span", "spanEvent"] }), (client) => void client.enabled("beta"));
    expect(names()).toEqual(["feature_flag.evaluation", "request"]);
    expect(request().events).toHaveLength(1);
  });
});

describe("event", () => {
  it("is a log record for every read, in the request's trace", () => {
    inRequest(make({ signal: "event", contextId: "plain" }), (client) => {
      client.value("layout");
      client.value("layout");
      client.enabled("missing");
    });
    const records = logs.records();
    expect(records.map(({ eventName }) => eventName)).toEqual(
      Array(3).fill(conventions.EVENT_FEATURE_FLAG_EVALUATION),
    );
    expect(records[0]!.attributes).toEqual({
      [conventions.ATTR_FEATURE_FLAG_KEY]: "layout",
      [conventions.ATTR_FEATURE_FLAG_PROVIDER_NAME]: "halyard",
      [conventions.ATTR_FEATURE_FLAG_RESULT_REASON]: "static",
      [conventions.ATTR_FEATURE_FLAG_RESULT_VARIANT]: "wide",
      [conventions.ATTR_FEATURE_FLAG_CONTEXT_ID]: "ann",
    });
    expect(records[2]!.attributes).toMatchObject({ "error.type": "flag_not_found" });
    expect(records[0]!.spanContext?.traceId).toBe(request().spanContext().traceId);
    expect(names()).toEqual(["request"]);
  });

  it("is emitted outside of requests, too", () => {
    make({ signal: "event" }).client({ targetingKey: "job" }).enabled("beta");
    expect(logs.records()).toHaveLength(1);
    expect(logs.records()[0]!.attributes["feature_flag.context.id"]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("follows the subject that becomes known while a request goes on", () => {
    let id: string | undefined;
    const flags = make({ signal: "event", contextId: "plain" });
    const client = flags.clientFor({}, flags.telemetry.requestRecorder({ knownKey: () => id }));
    client.enabled("beta");
    id = "ann";
    client.enabled("beta");
    expect(logs.records().map((one) => one.attributes["feature_flag.context.id"])).toEqual([
      undefined,
      "ann",
    ]);
  });

  it("is nothing without an SDK", () => {
    logs.end();
    const flags = make({ signal: ["event", "metric"] });
    expect(flags.client({}).constructor).toBe(FlagClient);
  });
});

describe("attributes", () => {
  it("are only those that are allowed, and the key", () => {
    const attributes = ["feature_flag.result.reason", "error.type"] as const;
    inRequest(make({ signal: "event", attributes, recordValues: true }), (client) => {
      client.value("layout");
      client.enabled("missing");
    });
    expect(logs.records().map((record) => record.attributes)).toEqual([
      { "feature_flag.key": "layout", "feature_flag.result.reason": "static" },
      {
        "feature_flag.key": "missing",
        "feature_flag.result.reason": "error",
        "error.type": "flag_not_found",
      },
    ]);
  });

  it("have values in their own types", () => {
    inRequest(make({ signal: "event", recordValues: true }), (client) => {
      client.enabled("beta");
      client.value("price");
    });
    expect(logs.records().map((one) => one.attributes["feature_flag.result.value"])).toEqual([
      true,
      9.5,
    ]);
  });

  it("name only so many keys; those of no flag do not crowd out the others", () => {
    const flags = make({ signal: "event", maxKeys: 10 });
    const client = flags.client();
    for (let index = 0; index < 100; index++) client.enabled(`crawled-${index}` as never);
    client.enabled("beta");
    const keys = logs.records().map((one) => one.attributes["feature_flag.key"]);
    expect(new Set(keys)).toEqual(new Set(["crawled-0", OTHER, "beta"]));
  });
});

describe("the span around a read of a subject", () => {
  it("is under the active one, and there only when there is something to read", async () => {
    const store = new MemoryStore({ flags: { beta: true } });
    const flags = make({}, { sources: [], store });
    await trace.getTracer("test").startActiveSpan("request", async (span) => {
      await flags.client({ userId: "u" }).ready();
      await flags.client({ userId: "u" }).ready();
      span.end();
    });
    await flags.client({ userId: "v" }).ready();
    expect(names()).toEqual([SUBJECT_SPAN, "request"]);
    const [read] = spans.getFinishedSpans();
    expect(read!.parentSpanContext?.spanId).toBe(request().spanContext().spanId);
    expect(read!.attributes).toEqual({ "halyard.source.name": "memory" });
  });

  it("says that it failed", async () => {
    const store = new MemoryStore({ flags: { beta: true } });
    store.readSubject = async () => {
      throw new Error("connection refused");
    };
    const flags = make({}, { sources: [], store });
    await trace.getTracer("test").startActiveSpan("request", async (span) => {
      await flags.client({ userId: "u" }).ready();
      span.end();
    });
    const [read] = spans.getFinishedSpans();
    expect([read!.name, read!.status.code, read!.attributes["error.type"]]).toEqual([
      SUBJECT_SPAN,
      2,
      "error",
    ]);
  });
});

it("breaks no read when a processor throws, and says so once", () => {
  trace.disable();
  const broken = {
    onStart() {},
    onEnd() {
      throw new Error("collector is gone");
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const provider = new BasicTracerProvider({ spanProcessors: [broken] });
  trace.setGlobalTracerProvider(provider);
  const flags = make({});
  trace.getTracer("test").startActiveSpan("request", () => {
    const recorder = flags.telemetry.requestRecorder({ knownKey: () => undefined });
    const client = flags.clientFor({}, recorder);
    expect(client.enabled("beta")).toBe(true);
    expect(client.value("layout")).toBe("w");
  });
  expect(logged).toEqual([expect.stringContaining("collector is gone")]);
});
