import type { RecordedSpan, Tracing, TracingKit } from "@halyard/testing/adapter";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** OpenTelemetry's own SDK, with spans kept in memory. One at a time: it registers globals. */
export const tracing: TracingKit = {
  start(): Tracing {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
    return {
      spans: () =>
        exporter.getFinishedSpans().map(
          (span): RecordedSpan => ({
            name: span.name,
            id: span.spanContext().spanId,
            parent: span.parentSpanContext?.spanId,
            attributes: span.attributes,
            failed: span.status.code === 2,
          }),
        ),
      inSpan: (name, work) =>
        provider.getTracer("test").startActiveSpan(name, (span) => work(() => span.end())),
      end: () => {
        trace.disable();
        context.disable();
      },
    };
  },
};
