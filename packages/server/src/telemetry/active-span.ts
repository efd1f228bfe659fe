import { type Span, trace } from "@opentelemetry/api";

/** Where all copies of version 1 of OpenTelemetry's API keep what an SDK registers with one. */
const REGISTERED: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

/** What is registered there; applications' tests may take it away, so that it becomes another. */
interface Registrations {
  readonly context?: unknown;
}

/** How often nothing is found before it is looked for less often, and then every how many times. */
const PATIENCE = 10_000;
const RARELY = 64;

let registrations: Registrations | undefined;
let looksInVain = 0;
/** How many calls to come do not look. */
let rest = 0;

/**
 * The active span, where an SDK keeps track of one. Asking the API without an SDK takes as long as
 * all else that a request's client needs, and looking for one in the global object half of that. So
 * a process that has served for long without any notices one that comes then some requests later.
 */
export function activeSpan(): Span | undefined {
  return registrations?.context === undefined && !isFound() ? undefined : trace.getActiveSpan();
}

function isFound(): boolean {
  if (rest > 0) {
    rest--;
    return false;
  }
  registrations = (globalThis as { readonly [REGISTERED]?: Registrations })[REGISTERED];
  if (registrations?.context !== undefined) {
    looksInVain = 0;
    return true;
  }
  if (looksInVain < PATIENCE) looksInVain++;
  else rest = RARELY - 1;
  return false;
}
