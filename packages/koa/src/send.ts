import { type HttpResponse, sendStream } from "@halyard/server/adapter";
import type { Context } from "koa";

/** Answers as it is; what varies is joined to what the application says of that. */
export function send(context: Context, { status, headers, body }: HttpResponse): void {
  const { vary = "", ...others } = headers;
  context.status = status;
  context.set(others);
  // The application may have said something of its own.
  if (vary !== "") context.vary(vary);
  if (typeof body === "string") {
    context.body = body;
    return;
  }
  // Koa would report each client that goes away as an error.
  context.respond = false;
  sendStream(body, context.res, (error) => context.app.emit("error", error, context));
}
