import { type HttpResponse, sendStream } from "@halyard/server/adapter";
import type { NextFunction, Response } from "express";

/** Sends an answer as it is, also the length that a `HEAD` request asks for. */
export function send(
  response: Response,
  { status, headers, body }: HttpResponse,
  next: NextFunction,
): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) {
    // The application may have said something of its own.
    if (name === "vary") response.vary(value);
    else response.setHeader(name, value);
  }
  if (status === 204 || status === 304) {
    response.end();
    return;
  }
  if (typeof body !== "string") {
    sendStream(body, response, next);
    return;
  }
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(body);
}
