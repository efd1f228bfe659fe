import { fileExporter } from "@halyard/exporters/file";
import { prometheus } from "@halyard/exporters/prometheus";
import { createFlags } from "@halyard/express";
import { createApp } from "./app.ts";
import { definitions } from "./definitions.ts";
import { startPrometheus } from "./prometheus.ts";
import { startTracing } from "./spans.ts";

startTracing();
const exporter = prometheus();
const f = createFlags({
  sources: [definitions],
  headers: { country: "cf-ipcountry" },
  logger: console,
  metrics: { exporter, perFlag: true },
  analytics: {
    exporters: [fileExporter({ path: process.env.EVENTS ?? "events.jsonl" })],
    flushInterval: 200,
  },
  usage: true,
  vary: true,
});

const server = createApp(f, exporter).listen(Number(process.env.PORT ?? 3000), async (error) => {
  if (error) throw error;
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const prometheusPort = Number(process.env.PROMETHEUS_PORT ?? 9090);
  const endPrometheus = await startPrometheus(port, prometheusPort);
  console.log(
    endPrometheus === undefined
      ? "Prometheus is not installed, so nothing scrapes /metrics."
      : `Prometheus listens on http://localhost:${prometheusPort}`,
  );
  console.log(`Listening on http://localhost:${port}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      server.close();
      setTimeout(() => server.closeAllConnections(), 1000).unref();
      await Promise.all([f.close(), endPrometheus?.()]);
    });
  }
});
