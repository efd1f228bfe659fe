import { type FlagClient, HalyardError } from "@halyard/core";
import type { FlagsInstance } from "../flags-instance.ts";
import { instanceOf } from "../request/request-flags.ts";

/** Throws when a function that makes middleware was itself mounted: `app.use(flags)`. */
export function refuseRequest(name: string, example: string, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  // Express's request, Koa's context, Fastify's request. Options have `headers` too.
  if (!("socket" in value || "req" in value || "raw" in value)) return;
  throw new HalyardError(
    "MISUSE",
    `${name} was mounted where what it returns belongs. Call it once, at start: ${example}`,
  );
}

/** Where the client is found whatever the name of its property. */
export const CLIENT: unique symbol = Symbol.for("halyard.client") as never;

interface Holder {
  [CLIENT]?: FlagClient;
  flags?: unknown;
}

/** Puts the client on a request (or what stands for it) under the instance's property. */
export function attachClient(holder: object, property: string, client: FlagClient): void {
  // Written out: a computed name turns an object that has many properties into a slow one.
  if (property === "flags") {
    (holder as Holder).flags = client;
    return;
  }
  (holder as Record<string, unknown>)[property] = client;
  // Guards look under the usual name first; a symbol on each request would be paid by all.
  (holder as Holder)[CLIENT] ??= client;
}

/**
 * A request's client and its instance, of a property or of whichever there is; throws `NO_INSTANCE`
 * when no middleware put one there.
 */
export function requireClient(
  holder: object,
  name: string,
  mount: string,
  property?: string,
): { client: FlagClient; instance: FlagsInstance } {
  const { flags, [CLIENT]: other } = holder as Holder;
  const found =
    property === undefined ? [flags, other] : [(holder as Record<string, unknown>)[property]];
  for (const client of found) {
    const instance = instanceOf(client);
    if (instance !== undefined) return { client: client as FlagClient, instance };
  }
  throw new HalyardError(
    "NO_INSTANCE",
    `${name} found no flags on the request${property === undefined ? "" : ` under "${property}"`}. Mount the middleware before it: ${mount}`,
  );
}

/**
 * Whether what is present on a request is this instance's client already: mounted twice, it must not
 * pin another snapshot in the middle of a request. Says so when something else is there that will
 * be lost.
 */
export function isAttached(instance: FlagsInstance, present: unknown, property: string): boolean {
  if (present === undefined) return false;
  const other = instanceOf(present);
  if (other === undefined) {
    instance.log.misuse(
      "PROPERTY_TAKEN",
      `The request has a property "${property}" that is not of Halyard; it is overwritten. Give the middleware another one: { property: "…" }.`,
    );
    return false;
  }
  if (other === instance) return true;
  instance.log.misuse(
    "TWO_INSTANCES",
    `Two instances write the property "${property}" of the same request; the later one is read. Mount one of them, or give it { property: "…" }.`,
  );
  return false;
}
