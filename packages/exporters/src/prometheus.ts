export { metricsEndpoint } from "./prometheus/endpoint.ts";
export {
  FINE_BUCKETS,
  PrometheusExporter,
  type PrometheusOptions,
  prometheus,
} from "./prometheus/exporter.ts";
