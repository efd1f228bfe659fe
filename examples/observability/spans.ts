import { context, type Span, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { RequestHandler } from "express";

/** A line for each span. Put an exporter of yours here, to Jaeger, Tempo or a vendor. */
const consoleExporter: SpanExporter = {
  export: (spans, done) => {
    for (const span of spans) console.log(lineOf(span));
    done({ code: 0 });
  },
  shutdown: async () => {},
};

function lineOf({ name, parentSpanContext, attributes }: ReadableSpan): string {
  const indent = parentSpanContext === undefined ? "" : "  ";
  const texts = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
  return [`${indent}${name}`, ...texts].join(" ");
}

/** The usual setup of OpenTelemetry. Halyard finds it by itself. */
export function startTracing(): void {
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(consoleExporter)],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** What `@opentelemetry/instrumentation-http` does in an application. */
export const traceRequests: RequestHandler = (req, res, next) => {
  trace.getTracer("http").startActiveSpan(`${req.method} ${req.path}`, (span: Span) => {
    res.on("finish", () => span.end());
    next();
  });
};
