import { type FlagClient, HalyardError, type JsonValue } from "@halyard/core";
import type { Flags } from "../create-flags.ts";
import type { FlagsInstance } from "../flags-instance.ts";
import { requireClient } from "../guard/misuse.ts";
import { type Endpoint, type HttpResponse, json, methodNotAllowed, notFound } from "./endpoint.ts";
import { etagOf, isKnown } from "./management/conditions.ts";

/**
 * What browsers may see: the values of the flags that say `client: true`, for this client's subject.
 * Flags that can't be read are left out.
 */
export function clientValues(client: FlagClient): Readonly<Record<string, JsonValue>> {
  const all: Readonly<Record<string, JsonValue>> = client.all();
  const values: Record<string, JsonValue> = {};
  for (const [key, { flag }] of client.snapshot.flags) {
    const value = flag.client === true && Object.hasOwn(all, key) ? all[key] : undefined;
    if (value !== undefined) values[key] = value;
  }
  return values;
}

const EXAMPLE = 'app.use("/features", mount(featuresEndpoint(f)))';

/**
 * Answers `GET /` with `{ key: value }` of the flags that browsers may see, as the request's own
 * client reads them: mount it behind the flags middleware, and behind authentication. 503 while
 * they can't be read, so that a browser keeps what it has. Throws `INVALID_OPTIONS`.
 */
export function featuresEndpoint(flags: Flags): Endpoint {
  const f = flags as FlagsInstance | null | undefined;
  if (f?.kind !== "halyard.instance") {
    throw new HalyardError("INVALID_OPTIONS", `featuresEndpoint takes an instance: ${EXAMPLE}`);
  }
  const { property = "flags" } = f.options;
  return {
    name: "features",
    handle: async (request) => {
      const { method, path, original } = request;
      if (path !== "/") return notFound();
      if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET", "HEAD"]);
      const mount = `app.use(flags(f)); ${EXAMPLE}`;
      const name = "featuresEndpoint";
      const { client, instance } = requireClient(original as object, name, mount, property);
      if (instance !== f) throw ofAnother(mount);
      await client.ready();
      const values = clientValues(client);
      if (!isWhole(client, values)) return UNREADABLE;
      const etag = etagOf(undefined, values);
      const answer = json(200, values, { ...OF_ONE_CALLER, etag });
      if (!isKnown(request, etag)) return answer;
      const { "content-type": _, ...headers } = answer.headers;
      return { status: 304, headers, body: "" };
    },
  };
}

function ofAnother(mount: string): HalyardError {
  return new HalyardError(
    "NO_INSTANCE",
    `featuresEndpoint found the flags of another instance on the request. Mount its own: ${mount}`,
  );
}

/** Nobody else's, and to be asked for again each time: 304 is cheap. */
const OF_ONE_CALLER = { "cache-control": "private, no-cache", vary: "Cookie, Authorization" };

const UNREADABLE: HttpResponse = json(
  503,
  { error: { code: "NOT_READY", message: "The flags can't be read right now. Try again later." } },
  { "retry-after": "5" },
);

function isWhole({ snapshot }: FlagClient, values: Readonly<Record<string, JsonValue>>): boolean {
  if (!snapshot.ready) return false;
  for (const [key, { flag }] of snapshot.flags) {
    if (flag.client === true && !Object.hasOwn(values, key)) return false;
  }
  return true;
}
