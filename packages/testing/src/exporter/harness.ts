import type { AnalyticsExporter } from "@halyard/core";

/** What someone who wrote an exporter of events writes for the suite. */
export interface ExporterHarness {
  /** For people. */
  readonly name: string;
  /** Makes a place where events can go, empty and apart from all others. */
  readonly create: () => Promise<ExporterPlace>;
}

export interface ExporterPlace {
  /** An exporter to the place. Each test opens one, and closes it. */
  readonly open: () => AnalyticsExporter;
  /** What has arrived so far, in order, read back from there: every event as it was written. */
  readonly read: () => Promise<readonly string[]>;
  /** From here on the place refuses what comes, and then takes it again. */
  readonly fail?: (() => Promise<void>) | undefined;
  readonly mend?: (() => Promise<void>) | undefined;
  /** From here on it takes nothing and says nothing. */
  readonly hang?: (() => Promise<void>) | undefined;
  readonly remove: () => Promise<void>;
}
