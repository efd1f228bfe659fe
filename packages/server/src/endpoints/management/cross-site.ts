import type { HttpRequest, HttpResponse } from "../endpoint.ts";
import { RequestProblem } from "./problem.ts";

/**
 * Throws for a request that a page of another site made, with the cookies of whoever looks at it.
 * `origins` are sites that may.
 */
export function refuseCrossSite(request: HttpRequest, origins: ReadonlySet<string>): void {
  const origin = request.header("origin");
  if (origin !== undefined && origins.has(origin)) return;
  const site = request.header("sec-fetch-site");
  if (site === "cross-site" || site === "same-site") throw crossSite();
  if (origin !== undefined && !isOwn(origin, request)) throw crossSite();
}

/** By host: what serves behind a proxy does not know its own scheme. */
function isOwn(origin: string, request: HttpRequest): boolean {
  const host = request.header("host") ?? request.header(":authority");
  const { protocol, host: from } = parseOrigin(origin) ?? {};
  if (host === undefined || from === undefined) return false;
  return from === parseOrigin(`${protocol}//${host}`)?.host;
}

function parseOrigin(origin: string): URL | undefined {
  try {
    return new URL(origin);
  } catch {
    return undefined;
  }
}

/** Whether an option of `origins` is one: a scheme and a host, and nothing behind. */
export function isOrigin(value: unknown): value is string {
  return typeof value === "string" && parseOrigin(value)?.origin === value;
}

/** What lets pages of `origins` read the answer; nothing for others. */
export function corsHeaders(
  request: HttpRequest,
  origins: ReadonlySet<string>,
  methods: readonly string[],
): Readonly<Record<string, string>> {
  if (origins.size === 0) return {};
  const origin = request.header("origin");
  if (origin === undefined || !origins.has(origin)) return { vary: "Origin" };
  return {
    vary: "Origin",
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "ETag, Location, Retry-After, X-Request-Id",
    ...(request.method === "OPTIONS"
      ? {
          "access-control-allow-methods": methods.join(", "),
          "access-control-allow-headers":
            "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, X-Reason, X-Request-Id",
          "access-control-max-age": "600",
        }
      : {}),
  };
}

export function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

function crossSite(): RequestProblem {
  return new RequestProblem(
    "CROSS_SITE",
    "Pages of other sites can't change flags, or listen for changes. Name those that may in the option `origins`.",
  );
}
