import { createRequire } from "node:module";
import { HalyardError } from "@halyard/core";
import type * as PromClient from "prom-client";

/** `prom-client`, an optional peer. Throws `MISSING_PACKAGE` where it is not installed. */
export function promClient(): typeof PromClient {
  try {
    return createRequire(import.meta.url)("prom-client") as typeof PromClient;
  } catch (cause) {
    // Only its absence is expected; a broken installation should be heard of.
    if ((cause as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw cause;
    const message = "The Prometheus exporter needs prom-client: npm install prom-client";
    throw new HalyardError("MISSING_PACKAGE", message, { cause });
  }
}
