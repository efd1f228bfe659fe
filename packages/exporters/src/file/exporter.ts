import type { AnalyticsExporter, AnalyticsRecord } from "@halyard/core";
import { checkFields, TEXT } from "@halyard/server/adapter";
import { linesOf } from "../shared/chunks.ts";
import { requireOption } from "../shared/options.ts";
import { LineFile } from "./line-file.ts";
import { LINE_FILE, type LineFileOptions } from "./rotation.ts";

export interface FileExporterOptions extends LineFileOptions {
  /** Default `file`. */
  readonly name?: string | undefined;
}

/**
 * Appends each event as a line of JSON to a file, and begins another one when it is large or old. A
 * batch that does not fit on the disk is lost as a whole, and counted.
 */
export function fileExporter(options: FileExporterOptions): AnalyticsExporter {
  requireOption("fileExporter", "path", options);
  checkFields<FileExporterOptions>("fileExporter.", options, { ...LINE_FILE, name: TEXT });
  const file = new LineFile(options);
  return {
    name: options.name ?? "file",
    export: (batch: readonly AnalyticsRecord[]) => file.append(linesOf(batch)),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
