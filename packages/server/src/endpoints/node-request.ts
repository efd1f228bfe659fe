import type { IncomingMessage } from "node:http";
import { BodyTooLarge, type HttpRequest } from "./endpoint.ts";

export interface NodeRequestParts {
  /** The URL below the mount point, with its query. */
  readonly url: string;
  /** What a body parser made of the body; `undefined` when none ran. */
  readonly parsedBody: unknown;
  /** What the framework calls the request, where that is not the message. */
  readonly original?: unknown;
}

/** The neutral form of a Node request. */
export function fromNodeRequest(
  message: IncomingMessage,
  { url, parsedBody, original = message }: NodeRequestParts,
): HttpRequest {
  const [path, query] = pathAndQuery(url);
  return {
    method: message.method ?? "GET",
    path: path.startsWith("/") ? path : `/${path}`,
    query: new URLSearchParams(query),
    header: (name) => headerOf(message, name),
    text: (limit) => readText(message, parsedBody, limit),
    original,
  };
}

/**
 * The parts of a request's target, which may be a whole URL. By hand: `URL` throws on, or takes for
 * a host, what clients may send as a path, such as `//`.
 */
export function pathAndQuery(target: string): readonly [path: string, query: string] {
  const [local = ""] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split("#", 1);
  const mark = local.indexOf("?");
  return mark < 0 ? [local, ""] : [local.slice(0, mark), local.slice(mark + 1)];
}

export function headerOf(
  message: Pick<IncomingMessage, "headers">,
  name: string,
): string | undefined {
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
  // Leaving the loop must not take the socket from the request: who logs it asks for the address.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) break;
    chunks.push(bytes);
  }
  if (size > limit) {
    // Unread, the rest would block the connection for the requests behind it.
    message.resume();
    throw tooLarge(limit);
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
