import { Readable } from "node:stream";
import { HalyardError } from "@halyard/core";

/** A request as endpoints see it, whatever the framework. */
export interface HttpRequest {
  readonly method: string;
  /** Below the mount point; begins with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly header: (name: string) => string | undefined;
  /**
   * The body as text, read from the connection or taken from a body parser that ran before.
   * Rejects with `BodyTooLarge` beyond `limit` bytes.
   */
  readonly text: (limit: number) => Promise<string>;
  /** The framework's own: the request of Express or Fastify, the context of Koa. */
  readonly original?: unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is read to its end, or destroyed when the client is gone before. */
  readonly body: string | Readable;
}

/** Something that answers requests below a path. Mounted by each adapter's `mount`. */
export interface Endpoint {
  /** For messages. */
  readonly name: string;
  readonly handle: (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;
}

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

/** Answers in the errors' own form, when a method is not one of these. */
export function methodNotAllowed(allowed: readonly string[]): HttpResponse {
  const error = { code: "METHOD_NOT_ALLOWED", message: `Use ${allowed.join(" or ")}.` };
  return json(405, { error }, { allow: allowed.join(", ") });
}

export function notFound(): HttpResponse {
  return json(404, { error: { code: "NOT_FOUND", message: "There is nothing here." } });
}

/** Runs an endpoint. What it throws is for the application's error handling, as a handler's. */
export async function answer(endpoint: Endpoint, request: HttpRequest): Promise<HttpResponse> {
  try {
    const answered = await endpoint.handle(request);
    const { status, body } = answered;
    if (typeof body === "string") return answered;
    if (request.method !== "HEAD" && status !== 204 && status !== 304) return answered;
    body.destroy();
    return { ...answered, body: Readable.from([]) };
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    return json(413, { error: { code: "BODY_TOO_LARGE", message: error.message } });
  }
}

/** Throws `INVALID_OPTIONS` for what is no endpoint, at start instead of in a request. */
export function checkEndpoint(endpoint: unknown, example: string): void {
  if (typeof (endpoint as Endpoint | null | undefined)?.handle === "function") return;
  throw new HalyardError("INVALID_OPTIONS", `mount takes an endpoint: ${example}`);
}

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}
