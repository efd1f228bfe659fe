import { HalyardError } from "@halyard/core";
import type { Endpoint } from "@halyard/server";
import { methodNotAllowed, notFound } from "@halyard/server/adapter";
import type { PrometheusExporter } from "./exporter.ts";

/**
 * Answers `GET /` with the metrics of the exporter's registry, for Prometheus to scrape: mount it at
 * `/metrics`, where strangers can't ask.
 */
export function metricsEndpoint(exporter: Pick<PrometheusExporter, "registry">): Endpoint {
  const { registry } = (exporter ?? {}) as Partial<PrometheusExporter>;
  if (typeof registry?.metrics !== "function") {
    throw new HalyardError(
      "INVALID_OPTIONS",
      "metricsEndpoint takes the exporter: metricsEndpoint(exporter), made with prometheus()",
    );
  }
  return {
    name: "metrics",
    handle: async ({ method, path }) => {
      if (path !== "/") return notFound();
      if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET", "HEAD"]);
      return {
        status: 200,
        headers: { "content-type": registry.contentType, "cache-control": "no-store" },
        body: await registry.metrics(),
      };
    },
  };
}
