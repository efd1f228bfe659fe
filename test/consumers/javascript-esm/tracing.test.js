import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { it } from "node:test";
import { flags } from "@halyard/express";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

const cjs = createRequire(import.meta.url)("@halyard/express");

// npm installed the API as Halyard's peer. The application's SDK is registered with it.
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);

for (const [format, middleware] of Object.entries({ esm: flags, cjs: cjs.flags })) {
  it(`reads are spans of the application's trace: ${format}`, () => {
    exporter.reset();
    const handle = middleware({ sources: [{ flags: { on: true } }] });
    const request = { headers: {} };
    provider.getTracer("test").startActiveSpan("request", (span) => {
      handle(request, {}, () => assert.equal(request.flags.enabled("on"), true));
      span.end();
    });
    const [read, parent] = exporter.getFinishedSpans();
    assert.equal(read.name, "feature_flag.evaluation");
    assert.equal(read.attributes["feature_flag.key"], "on");
    assert.equal(read.parentSpanContext.spanId, parent.spanContext().spanId);
  });
}
