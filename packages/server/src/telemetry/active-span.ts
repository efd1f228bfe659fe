import { type Span, trace } from "@opentelemetry/api";

/** Where all copies of version 1 of OpenTelemetry's API keep what an SDK registers with one. */
const REGISTERED: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

/** What is registered there: one object, from the first registration on. */
interface Registrations {
  readonly context?: unknown;
}

/** How often nothing is found before it is looked for less often, and then every how many times. */
const PATIENCE = 10_000;
const RARELY = 64;

let registrations: Registrations | undefined;
let looks = 0;

/**
 * The active span, where an SDK keeps track of one. Asking the API without an SDK takes as long as
 * all else that a request's client needs, and looking for one in the global object half of that. So
 * a process that has served for long without any notices one that comes then some requests later.
 */
export function activeSpan(): Span | undefined {
  if (registrations === undefined) {
    looks = (looks + 1) | 0;
    if (looks > PATIENCE && looks % RARELY !== 0) return undefined;
    registrations = (globalThis as { readonly [REGISTERED]?: Registrations })[REGISTERED];
  }
  return registrations?.context === undefined ? undefined : trace.getActiveSpan();
}
