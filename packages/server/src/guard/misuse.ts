import { type FlagClient, HalyardError } from "@halyard/core";
import type { FlagsInstance } from "../create-flags.ts";
import { instanceOf } from "../request/request-flags.ts";

/** Throws when a function that makes middleware was itself mounted: `app.use(flags)`. */
export function refuseRequest(name: string, example: string, value: unknown): void {
  const request = value as { headers?: unknown; req?: unknown; raw?: unknown } | null | undefined;
  if (typeof request !== "object" || request === null) return;
  if (!("headers" in request || "req" in request || "raw" in request)) return;
  throw new HalyardError(
    "MISUSE",
    `${name} was mounted where what it returns belongs. Call it once, at start: ${example}`,
  );
}

/** Where the client is found whatever the name of its property. */
const CLIENT = Symbol.for("halyard.client");

interface Holder {
  [CLIENT]?: FlagClient;
  readonly flags?: unknown;
}

/** Puts the client on a request (or what stands for it) under the instance's property. */
export function attachClient(holder: object, property: string, client: FlagClient): void {
  (holder as Record<string, unknown>)[property] = client;
  // Guards look under the usual name first; a symbol on each request would be paid by all.
  if (property !== "flags") (holder as Holder)[CLIENT] = client;
}

/** A request's client and its instance; throws `NO_INSTANCE` when no middleware put one there. */
export function requireClient(
  holder: object,
  name: string,
  mount: string,
): { client: FlagClient; instance: FlagsInstance } {
  const { flags, [CLIENT]: other } = holder as Holder;
  for (const client of [flags, other]) {
    const instance = instanceOf(client);
    if (instance !== undefined) return { client: client as FlagClient, instance };
  }
  throw new HalyardError(
    "NO_INSTANCE",
    `${name} found no flags on the request. Mount the middleware before it: ${mount}`,
  );
}

/** Says so when another instance has put its client on the request before. */
export function warnOfSecondInstance(
  instance: FlagsInstance,
  holder: object,
  property: string,
): void {
  const present = (holder as Record<string, unknown>)[property];
  if (present === undefined) return;
  const other = instanceOf(present);
  if (other === undefined || other === instance) return;
  instance.log.misuse(
    "TWO_INSTANCES",
    `Two instances write the property "${property}" of the same request; the later one is read. Mount one of them, or give it { property: "…" }.`,
  );
}
