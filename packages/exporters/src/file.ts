export { type FileExporterOptions, fileExporter } from "./file/exporter.ts";
