import type { ServerResponse } from "node:http";
import { pipeline, type Readable } from "node:stream";

/** Milliseconds that a client has to take the end of a stream. */
const END_DEADLINE = 5000;

/** Sends a stream as the body of an answer. `failed` is told when the stream itself fails. */
export function sendStream(
  body: Readable,
  response: ServerResponse,
  failed: (error: Error) => void,
): void {
  // From Node 24 on, a pipeline into what is closed already ends nothing.
  if (response.destroyed) {
    body.destroy();
    return;
  }
  endInTime(body, response);
  pipeline(body, response, (error) => {
    // A client that goes away is no failure, and neither is a stream that leaves its client.
    if (error != null && error.code !== "ERR_STREAM_PREMATURE_CLOSE") failed(error);
  });
}

/** A client that does not read keeps its connection no longer than this once the stream is over. */
export function endInTime(body: Readable, response: ServerResponse): void {
  body.once("end", () => {
    const timer = setTimeout(() => response.destroy(), END_DEADLINE).unref();
    response.once("close", () => clearTimeout(timer));
  });
}
