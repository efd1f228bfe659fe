import type {
  AnalyticsEvent,
  AnalyticsExporter,
  AnalyticsRecord,
  ExposureEvent,
  TrackedEvent,
} from "@halyard/core";
import { type AnalyticsOptions, createFlags, type FlagsOptions } from "@halyard/server";
import type { FlagsInstance } from "@halyard/server/adapter";
import { onTestFinished } from "vitest";

/** An exporter that keeps what it gets. */
export class Collector implements AnalyticsExporter {
  readonly name: string;
  readonly batches: (readonly AnalyticsRecord[])[] = [];
  readonly calls: string[] = [];

  constructor(name = "collector") {
    this.name = name;
  }

  async export(batch: readonly AnalyticsRecord[]): Promise<void> {
    this.calls.push("export");
    this.batches.push(batch);
  }

  async flush(): Promise<void> {
    this.calls.push("flush");
  }

  async close(): Promise<void> {
    this.calls.push("close");
  }

  get events(): readonly AnalyticsEvent[] {
    return this.batches.flat().map(({ event }) => event);
  }

  get exposures(): readonly ExposureEvent[] {
    return this.events.filter((event) => event.type === "exposure");
  }

  get tracked(): readonly TrackedEvent[] {
    return this.events.filter((event) => event.type === "track");
  }
}

/** A promise, and what settles it. */
export function pending<T = void>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** An instance with the flag `beta`, which ends with its test; what it warns of is kept. */
export function startAnalytics(
  analytics: AnalyticsOptions,
  {
    flags = { beta: true },
    ...options
  }: FlagsOptions & { readonly flags?: Record<string, unknown> | undefined } = {},
): { readonly f: FlagsInstance; readonly logged: readonly string[] } {
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const f = createFlags({
    sources: [{ flags }],
    environment: "test",
    analytics,
    logger: { debug() {}, info() {}, warn: note, error: note },
    ...options,
  }) as FlagsInstance;
  onTestFinished(() => f.close({ timeout: 20 }));
  return { f, logged };
}
