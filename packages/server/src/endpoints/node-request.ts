import type { IncomingMessage } from "node:http";
import { BodyTooLarge, type HttpRequest } from "./endpoint.ts";

export interface NodeRequestParts {
  /** The URL below the mount point, with its query. */
  readonly url: string;
  /** What a body parser made of the body; `undefined` when none ran. */
  readonly parsedBody: unknown;
}

/** The neutral form of a Node request. */
export function fromNodeRequest(
  message: IncomingMessage,
  { url, parsedBody }: NodeRequestParts,
): HttpRequest {
  const { pathname, searchParams } = new URL(url.startsWith("/") ? url : `/${url}`, "http://host");
  return {
    method: message.method ?? "GET",
    path: pathname,
    query: searchParams,
    header: (name) => headerOf(message, name),
    text: (limit) => readText(message, parsedBody, limit),
  };
}

export function headerOf(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

async function readText(
  message: IncomingMessage,
  parsedBody: unknown,
  limit: number,
): Promise<string> {
  if (parsedBody !== undefined && message.readableEnded) return textOf(parsedBody, limit);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A parsed body as the text that it came from, or text of the same meaning. */
function textOf(parsedBody: unknown, limit: number): string {
  const text =
    typeof parsedBody === "string"
      ? parsedBody
      : Buffer.isBuffer(parsedBody)
        ? parsedBody.toString("utf8")
        : JSON.stringify(parsedBody);
  if (Buffer.byteLength(text) > limit) throw tooLarge(limit);
  return text;
}

function tooLarge(limit: number): BodyTooLarge {
  return new BodyTooLarge(`The body must be at most ${limit} bytes.`);
}
