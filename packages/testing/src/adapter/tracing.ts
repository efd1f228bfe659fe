import assert from "node:assert/strict";
import type { Server } from "node:http";
import { FlagClient } from "@halyard/server";
import type { Check } from "./bench.ts";
import { DEFINITIONS } from "./definitions.ts";
import type { RouteDescription } from "./harness.ts";

export interface RecordedSpan {
  readonly name: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Its status is an error. */
  readonly failed: boolean;
}

/** A running OpenTelemetry SDK. */
export interface Tracing {
  /** What has ended so far. */
  readonly spans: () => readonly RecordedSpan[];
  /** Runs something with a new span as the active one; `end` ends the span. */
  readonly inSpan: <T>(name: string, work: (end: () => void) => T) => T;
  /** Takes the registration back. */
  readonly end: () => void;
}

/** Registers OpenTelemetry's SDK; passed in, so that this package does without it. */
export interface TracingKit {
  readonly start: () => Tracing;
}

/** Gives each request a span, the way that the instrumentation of `http` does. */
function instrument(server: Server, { inSpan }: Tracing): void {
  const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean;
  server.emit = ((event: string, ...values: unknown[]): boolean => {
    if (event !== "request") return emit(event, ...values);
    return inSpan("request", (end) => {
      (values[1] as NodeJS.EventEmitter).once("finish", end);
      return emit(event, ...values);
    });
  }) as Server["emit"];
}

const ROUTES: readonly RouteDescription[] = [
  {
    path: "/reads",
    guards: [{ requirement: "on" }],
    handler: async ({ flags }) => {
      flags.enabled("on");
      flags.enabled("off");
      await new Promise(setImmediate);
      flags.enabled("off");
      flags.value("layout");
      flags.enabled("missing");
      return { json: { plain: flags.constructor === FlagClient } };
    },
  },
  { path: "/none", handler: () => ({ json: {} }) },
];

const NAME = "feature_flag.evaluation";

function evaluations(tracing: Tracing): readonly RecordedSpan[] {
  return tracing.spans().filter(({ name }) => name === NAME);
}

function keys(spans: readonly RecordedSpan[]): unknown[] {
  return spans.map(({ attributes }) => attributes["feature_flag.key"]);
}

export function tracingTests(check: Check, kit: TracingKit): void {
  const traced = async (work: (tracing: Tracing) => Promise<void>): Promise<void> => {
    const tracing = kit.start();
    try {
      await work(tracing);
    } finally {
      tracing.end();
    }
  };

  check("spans: one under the request's for each flag and result", async (bench) => {
    await traced(async (tracing) => {
      const server = await bench.start({ flags: bench.flags(DEFINITIONS), routes: ROUTES });
      instrument(server.running.server, tracing);
      assert.deepEqual(await server.json("/reads"), { plain: false });
      await server.json("/none");
      const spans = evaluations(tracing);
      assert.deepEqual(keys(spans), ["on", "off", "layout", "missing"]);
      const request = tracing.spans().find(({ name }) => name === "request");
      assert.notEqual(request, undefined);
      assert.deepEqual(new Set(spans.map(({ parent }) => parent)), new Set([request?.id]));
      assert.deepEqual(spans[2]?.attributes, {
        "feature_flag.key": "layout",
        "feature_flag.provider.name": "halyard",
        "feature_flag.result.reason": "default",
        "feature_flag.result.variant": "wide",
      });
      assert.equal(spans[3]?.attributes["error.type"], "flag_not_found");
    });
  });

  check("spans: requests at the same time have their own", async (bench) => {
    await traced(async (tracing) => {
      const server = await bench.start({ flags: bench.flags(DEFINITIONS), routes: ROUTES });
      instrument(server.running.server, tracing);
      await Promise.all(Array.from({ length: 10 }, () => server.json("/reads")));
      const requests = tracing.spans().filter(({ name }) => name === "request");
      assert.equal(requests.length, 10);
      for (const { id } of requests) {
        const own = evaluations(tracing).filter(({ parent }) => parent === id);
        assert.deepEqual(keys(own), ["on", "off", "layout", "missing"]);
      }
    });
  });

  check("spans: recording makes no anonymous id, and asks for no context", async (bench) => {
    await traced(async (tracing) => {
      let asked = 0;
      const context = () => {
        asked++;
        return {};
      };
      const server = await bench.start({
        flags: bench.options({ on: true }, { anonymous: true, context }),
        routes: [{ path: "/static", handler: ({ flags }) => ({ json: flags.details("on") }) }],
      });
      instrument(server.running.server, tracing);
      assert.deepEqual((await server.send("/static")).cookies, []);
      assert.equal(asked, 0);
      assert.deepEqual(keys(evaluations(tracing)), ["on"]);
    });
  });

  check('spans: none with signal: "none", nor without an active span', async (bench) => {
    await traced(async (tracing) => {
      const none = bench.flags(DEFINITIONS, { telemetry: { signal: "none" } });
      const silent = await bench.start({ flags: none, routes: ROUTES });
      instrument(silent.running.server, tracing);
      assert.deepEqual(await silent.json("/reads"), { plain: true });
      const bare = await bench.start({ flags: bench.flags(DEFINITIONS), routes: ROUTES });
      assert.deepEqual(await bare.json("/reads"), { plain: true });
      assert.deepEqual(evaluations(tracing), []);
    });
  });

  check("spans: none without an SDK, and from when one is registered", async (bench) => {
    const server = await bench.start({ flags: bench.flags(DEFINITIONS), routes: ROUTES });
    assert.deepEqual(await server.json("/reads"), { plain: true });
    await traced(async (tracing) => {
      instrument(server.running.server, tracing);
      assert.deepEqual(await server.json("/reads"), { plain: false });
      assert.equal(evaluations(tracing).length, 4);
    });
  });

  check("spans: whether a request records is decided once", async (bench) => {
    let running: Tracing | undefined;
    const server = await bench.start({
      flags: bench.flags(DEFINITIONS),
      routes: [
        {
          path: "/late",
          handler: ({ flags }) => {
            flags.enabled("on");
            const tracing = kit.start();
            running = tracing;
            return tracing.inSpan("inner", (end) => {
              flags.enabled("off");
              end();
              return { json: {} };
            });
          },
        },
      ],
    });
    try {
      await server.json("/late");
      assert.deepEqual(
        running?.spans().map(({ name }) => name),
        ["inner"],
      );
    } finally {
      running?.end();
    }
  });
}
