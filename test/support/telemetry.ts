import { metrics } from "@opentelemetry/api";
import { logs } from "@opentelemetry/api-logs";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";

/** OpenTelemetry's SDK of log records, kept in memory. One at a time: it registers globals. */
export function startLogs(): {
  readonly records: () => readonly ReadableLogRecord[];
  readonly end: () => void;
} {
  const exporter = new InMemoryLogRecordExporter();
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }),
  );
  return { records: () => exporter.getFinishedLogRecords(), end: () => logs.disable() };
}

export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** OpenTelemetry's SDK of metrics, collected when asked. One at a time: it registers globals. */
export function startMetrics(): {
  /** The points of each metric, by its name. */
  readonly collect: () => Promise<ReadonlyMap<string, readonly Point[]>>;
  readonly end: () => Promise<void>;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 2 ** 31 - 1,
    exportTimeoutMillis: 10_000,
  });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  return {
    collect: async () => {
      exporter.reset();
      await reader.forceFlush();
      const collected = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics);
      return new Map(
        collected.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as Point[]]),
      );
    },
    end: async () => {
      metrics.disable();
      await provider.shutdown();
    },
  };
}
