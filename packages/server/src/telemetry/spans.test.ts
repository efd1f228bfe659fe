import { defineFlags, FlagClient } from "@halyard/core";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tracing } from "../../../../test/support/tracing.ts";
import { createFlags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { RequestFlags } from "../request/request-flags.ts";
import type { RequestReader } from "../request/request-reader.ts";
import type { TelemetryOptions } from "./options.ts";
import { DROPPED } from "./span-recorder.ts";

interface Caller {
  readonly user?: unknown;
}

const reader: RequestReader<Caller> = {
  ip: () => undefined,
  method: () => "GET",
  path: () => "/",
  place: () => ({ method: "GET", pattern: "/", mounted: false }),
  url: () => "/",
  host: () => "localhost",
  header: () => undefined,
  user: ({ user }) => user,
  sessionId: () => undefined,
  secure: () => false,
  setCookie: () => true,
  response: () => undefined,
  trustsAnyProxy: () => false,
};

const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`flag-${index}`, true]));

const definitions = defineFlags({
  ...many,
  beta: true,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  price: { type: "number", default: 9.5 },
  half: { type: "boolean", percentage: 50 },
  config: { type: "json", default: { secret: "x".repeat(1000) } },
});

const opened: FlagsInstance[] = [];
let sdk: ReturnType<typeof tracing.start>;

beforeEach(() => {
  sdk = tracing.start();
});

afterEach(async () => {
  sdk.end();
  await Promise.all(opened.splice(0).map((instance) => instance.close()));
});

function instance(telemetry: TelemetryOptions = {}, options: FlagsOptions = {}): FlagsInstance {
  const made = createFlags({ sources: [definitions], environment: "test", telemetry, ...options });
  opened.push(made as FlagsInstance);
  return made as FlagsInstance;
}

/** Reads flags in a request of its own; gives the evaluations' spans, and the request's. */
function record(flags: FlagsInstance, caller: Caller, read: (client: FlagClient) => void) {
  const requests = new RequestFlags(flags, reader);
  sdk.inSpan("request", (end) => {
    read(requests.client(caller));
    end();
  });
  const spans = sdk.spans();
  const request = spans.find(({ name }) => name === "request");
  return { request, evaluations: spans.filter(({ name }) => name !== "request") };
}

function attributesOf(flags: FlagsInstance, caller: Caller, read: (client: FlagClient) => void) {
  const { evaluations } = record(flags, caller, read);
  expect(evaluations).toHaveLength(1);
  return evaluations[0]!.attributes;
}

it("names the attributes as the conventions do", () => {
  const attributes = attributesOf(
    instance({ recordValues: true, contextId: "plain" }),
    { user: { id: "ann" } },
    (client) => void client.value("layout"),
  );
  expect(attributes).toEqual({
    [conventions.ATTR_FEATURE_FLAG_KEY]: "layout",
    [conventions.ATTR_FEATURE_FLAG_PROVIDER_NAME]: "halyard",
    [conventions.ATTR_FEATURE_FLAG_RESULT_REASON]:
      conventions.FEATURE_FLAG_RESULT_REASON_VALUE_STATIC,
    [conventions.ATTR_FEATURE_FLAG_RESULT_VARIANT]: "wide",
    [conventions.ATTR_FEATURE_FLAG_RESULT_VALUE]: "w",
    [conventions.ATTR_FEATURE_FLAG_CONTEXT_ID]: "ann",
  });
});

it("names an error as the conventions do", () => {
  const attributes = attributesOf(instance(), {}, (client) => void client.enabled("missing"));
  expect(attributes).toEqual({
    [conventions.ATTR_FEATURE_FLAG_KEY]: "missing",
    [conventions.ATTR_FEATURE_FLAG_PROVIDER_NAME]: "halyard",
    [conventions.ATTR_FEATURE_FLAG_RESULT_REASON]:
      conventions.FEATURE_FLAG_RESULT_REASON_VALUE_ERROR,
    [conventions.ATTR_ERROR_TYPE]: "flag_not_found",
    [conventions.ATTR_FEATURE_FLAG_ERROR_MESSAGE]: 'there is no flag "missing"',
  });
});

it("names spans as the conventions name the event", () => {
  const { request, evaluations } = record(instance(), {}, (client) => void client.value("beta"));
  expect(evaluations.map(({ name }) => name)).toEqual([conventions.EVENT_FEATURE_FLAG_EVALUATION]);
  expect(evaluations[0]!.parent).toBe(request!.id);
});

it("knows every reason that the conventions know, and no other", () => {
  const known = Object.entries(conventions)
    .filter(([name]) => name.startsWith("FEATURE_FLAG_RESULT_REASON_VALUE_"))
    .map(([, value]) => value);
  const ours = ["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "DEFAULT", "STALE", "ERROR"];
  expect(known).toEqual(expect.arrayContaining(ours.map((reason) => reason.toLowerCase())));
});

it("uses no name that the conventions have given up", () => {
  const { evaluations } = record(
    instance({ recordValues: true, contextId: "plain" }),
    { user: { id: "ann" } },
    (client) => {
      client.value("layout");
      client.enabled("layout");
      client.enabled("missing");
    },
  );
  const used = new Set(evaluations.flatMap(({ attributes }) => Object.keys(attributes)));
  const current = [
    conventions.ATTR_FEATURE_FLAG_KEY,
    conventions.ATTR_FEATURE_FLAG_PROVIDER_NAME,
    conventions.ATTR_FEATURE_FLAG_RESULT_REASON,
    conventions.ATTR_FEATURE_FLAG_RESULT_VARIANT,
    conventions.ATTR_FEATURE_FLAG_RESULT_VALUE,
    conventions.ATTR_FEATURE_FLAG_CONTEXT_ID,
    conventions.ATTR_FEATURE_FLAG_ERROR_MESSAGE,
    conventions.ATTR_ERROR_TYPE,
  ];
  expect([...used].sort()).toEqual([...current].sort());
});

it.each([
  ["a read of the wrong type", (client: FlagClient) => client.enabled("layout"), "type_mismatch"],
  ["an unknown flag", (client: FlagClient) => client.details("missing"), "flag_not_found"],
  ["an unknown flag by value", (client: FlagClient) => client.value("no", 1), "flag_not_found"],
])("records the error of %s, and an error's status", (_name, read, type) => {
  const { evaluations } = record(instance(), {}, (client) => void read(client));
  expect(evaluations.map(({ attributes, failed }) => [attributes["error.type"], failed])).toEqual([
    [type, true],
  ]);
});

it("keeps values and ids to itself unless asked", () => {
  const caller = { user: { id: "ann@acme.example" } };
  const attributes = attributesOf(instance(), caller, (client) => void client.value("price"));
  expect(attributes).not.toHaveProperty("feature_flag.result.value");
  expect(attributes["feature_flag.context.id"]).toMatch(/^[0-9a-f]{16}$/);
  expect(JSON.stringify(attributes)).not.toMatch(/ann|acme|9\.5/);
});

it("gives one subject one hash, and others another", () => {
  const flags = instance();
  for (const id of ["ann", "ann", "ben", 7]) {
    record(flags, { user: { id } }, (client) => void client.value("beta"));
  }
  const ids = sdk
    .spans()
    .filter(({ name }) => name !== "request")
    .map(({ attributes }) => attributes["feature_flag.context.id"]);
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(3);
});

it.each([
  ["none", { user: { id: "ann" } }],
  ["hash", {}],
  ["hash", { user: { id: { of: "ann" } } }],
] as const)("leaves the id out: contextId %s of %j", (contextId, caller) => {
  const attributes = attributesOf(instance({ contextId }), caller, (client) => {
    client.value("beta");
  });
  expect(attributes).not.toHaveProperty("feature_flag.context.id");
});

it("cuts long values", () => {
  const attributes = attributesOf(instance({ recordValues: true }), {}, (client) => {
    client.value("config");
  });
  expect(String(attributes["feature_flag.result.value"])).toHaveLength(257);
});

it("makes one span for each flag and result, and one for each error", () => {
  const { evaluations } = record(instance(), {}, (client) => {
    for (let round = 0; round < 5; round++) {
      client.enabled("beta");
      client.details("beta");
      client.enabled("missing");
      client.value("missing");
      client.enabled("layout");
    }
  });
  expect(evaluations.map(({ attributes }) => attributes["feature_flag.key"])).toEqual([
    "beta",
    "missing",
    "layout",
  ]);
});

it.each([
  [undefined, 32],
  [3, 3],
  [0, 0],
])("with maxSpans %s makes %i spans, and counts the rest on the request's", (maxSpans, made) => {
  const { request, evaluations } = record(instance({ maxSpans }), {}, (client) => {
    for (const key of Object.keys(many)) client.enabled(key);
    // Once more: each flag and result counts once, with a span or without one.
    for (const key of Object.keys(many)) client.enabled(key);
  });
  expect(evaluations).toHaveLength(made);
  expect(request!.attributes).toEqual({ [DROPPED]: 40 - made });
});

it("cuts keys that nobody would write, and forgets what is too much to remember", () => {
  const key = "k".repeat(100_000);
  const { request, evaluations } = record(instance({ maxSpans: 1 }), {}, (client) => {
    client.enabled(key as never);
    for (let index = 0; index < 5000; index++) client.enabled(`unknown-${index}` as never);
  });
  for (const value of Object.values(evaluations[0]!.attributes)) {
    expect(String(value).length).toBeLessThan(300);
  }
  expect(request!.attributes[DROPPED]).toBe(2047);
});

it("has nothing to count within the limit", () => {
  const { request } = record(instance(), {}, (client) => void client.enabled("beta"));
  expect(request!.attributes).toEqual({});
});

it("finds the request's span where the active one was lost", async () => {
  const requests = new RequestFlags<Caller>(instance(), reader);
  let client: FlagClient | undefined;
  sdk.inSpan("request", (end) => {
    client = requests.client({});
    end();
  });
  client?.enabled("beta");
  const [request, evaluation] = sdk.spans();
  expect(evaluation!.parent).toBe(request!.id);
});

it("leaves spans under the span that is active at the read", () => {
  const requests = new RequestFlags<Caller>(instance(), reader);
  sdk.inSpan("request", (endRequest) => {
    const client = requests.client({});
    sdk.inSpan("inner", (endInner) => {
      client.enabled("beta");
      endInner();
    });
    endRequest();
  });
  const inner = sdk.spans().find(({ name }) => name === "inner");
  const evaluation = sdk.spans().find(({ name }) => name === "feature_flag.evaluation");
  expect(evaluation!.parent).toBe(inner!.id);
});

it("watches nothing when nothing records", () => {
  const flags = instance();
  const silent = new RequestFlags<Caller>(instance({ signal: "none" }), reader);
  const outside = new RequestFlags<Caller>(flags, reader).client({});
  expect(outside.constructor).toBe(FlagClient);
  sdk.inSpan("request", (end) => {
    expect(silent.client({}).constructor).toBe(FlagClient);
    expect(new RequestFlags<Caller>(flags, reader).client({}).constructor).not.toBe(FlagClient);
    end();
  });
  expect(flags.client({}).constructor).toBe(FlagClient);
});

it("breaks no read when a user's getter throws", () => {
  const user = Object.defineProperty({}, "id", {
    get: () => {
      throw new Error("lazy");
    },
  });
  const attributes = attributesOf(instance(), { user }, (client) => {
    expect(client.enabled("beta")).toBe(true);
  });
  expect(attributes["feature_flag.key"]).toBe("beta");
});
