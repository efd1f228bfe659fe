export { httpExporter } from "./http/exporter.ts";
export type { HttpExporterOptions } from "./http/options.ts";
