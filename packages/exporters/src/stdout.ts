export { type StdoutExporterOptions, stdoutExporter } from "./stdout/exporter.ts";
