import type { HttpResponse } from "@halyard/server/adapter";
import type { Response } from "express";

/** Sends an answer as it is, also the length that a `HEAD` request asks for. */
export function send(response: Response, { status, headers, body }: HttpResponse): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (status === 204 || status === 304) {
    response.end();
    return;
  }
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(body);
}
