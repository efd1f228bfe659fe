import { type Span, trace } from "@opentelemetry/api";

/** Where all copies of version 1 of OpenTelemetry's API keep what an SDK registers with one. */
const REGISTERED: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

/** What is registered there. */
interface Registered {
  readonly [REGISTERED]?: { readonly context?: unknown };
}

/**
 * The active span, where an SDK keeps track of one. Asking the API without an SDK takes as long as
 * all else that a request's client needs, so that is found out first.
 */
export function activeSpan(): Span | undefined {
  if ((globalThis as Registered)[REGISTERED]?.context === undefined) return undefined;
  return trace.getActiveSpan();
}
